"""A small configuration directory for tests that run whole services: known keys, short clocks, one pager.

`configuration()` gives the seven files as data; a test changes what it is about; `write` lays them down
(JSON is YAML 1.2) and `key(id)` is the bearer key of a principal.
"""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

LANGUAGES = ["en", "es", "fr", "de", "pt", "ja", "hi", "th", "ko", "ur"]
EVERY_SCOPE = ["cases:read", "cases:write", "routing:read", "routing:write", "sla:read", "oncall:read", "pages:read"]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the published example of Standard Webhooks


def key(principal: str) -> str:
    """The bearer key of `principal` in every generated configuration."""
    return f"key-of-{principal}"


def principal(identity: str, kind: str, scopes: list[str], **rest: Any) -> dict[str, Any]:
    """One entry of access.yaml."""
    digest = hashlib.sha256(key(identity).encode()).hexdigest()
    return {"id": identity, "kind": kind, "key_sha256": [digest], "scopes": scopes, **rest}


def specialist(identity: str, languages: dict[str, int], **rest: Any) -> dict[str, Any]:
    """One entry of roster.yaml: always on shift, every area, certified, six units."""
    return {
        "id": identity,
        "name": identity.title(),
        "languages": languages,
        "regions": ["any"],
        "policy_areas": ["any"],
        "certifications": ["child_safety", "terrorism"],
        "capacity": 6,
        "shifts": "always",
        "opt_outs": [],
        "affiliations": [],
        **rest,
    }


def configuration(*, pager_url: str, secret: str = "env:PAGER_SECRET") -> dict[str, Any]:
    """The seven files. Ana speaks es, pt and en; Ben de, fr and en; Lead answers every page after Ana."""
    return copy.deepcopy(_FILES) | {"channels": _channels(pager_url, secret)}


def write(folder: Path, files: dict[str, Any]) -> Path:
    """Lay the files down as `<name>.yaml` in `folder`; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return folder


def _channels(url: str, secret: str) -> dict[str, Any]:
    pager = {"id": "pager", "kind": "webhook", "url": url, "secret": secret, "allow_private": True}
    return {"channels": [pager, {"id": "logbook", "kind": "log"}]}


def _area(name: str, severity: str, graphic: int = 0, **rest: Any) -> dict[str, Any]:
    return {
        "name": name,
        "group": "safety",
        "severity": severity,
        "graphic": graphic,
        "dsa_category": "VIOLENCE",
        **rest,
    }


def _rules(channel: str = "pager") -> dict[str, Any]:
    at_once = [{"channel": channel, "after": "PT0S"}]
    return {"high": at_once, "low": at_once}


_FILES: dict[str, Any] = {
    "taxonomy": {
        "version": 1,
        "policy_areas": {
            "violent_content": _area("Violent content", "high", 2),
            "hateful_conduct": _area("Hateful conduct", "medium", 1),
            "child_safety": _area("Child safety", "critical", 3, certification="child_safety"),
            "violent_and_hateful_entities": _area("Terrorism", "critical", 2, certification="terrorism"),
            "non_consensual_intimate_media": _area("Intimate media", "critical", 2),
        },
        "actions": {
            "remove": {"name": "Remove content", "scopes": ["global", "geo"]},
            "withhold_in_country": {"name": "Withhold", "scopes": ["geo"]},
            "suspend": {"name": "Suspend account", "scopes": ["global"], "two_person": True},
        },
        "retention": {
            "cases": "P400D", "report_text": "P180D", "exposure": "P90D", "audit": "P1095D", "dead_letters": "P30D",
        },
    },
    "access": {
        "stakeholder_domains": ["example.org"],
        "principals": [
            principal("report-tool", "source", ["escalations:write", "cases:read"], rate_per_second=100000),
            principal("other-tool", "source", ["escalations:write", "cases:read"], rate_per_second=100000),
            principal("ana", "person", EVERY_SCOPE, role="specialist", rate_per_second=100000),
            principal("ben", "person", EVERY_SCOPE, role="specialist", rate_per_second=100000),
            principal("lead", "person", ["admin"], role="lead", rate_per_second=100000),
        ],
    },
    "roster": {
        "specialists": [
            specialist("ana", {"es": 5, "pt": 5, "en": 4}),
            specialist("ben", {"de": 5, "fr": 4, "en": 5}),
        ],
        "pools": {"latam": {"specialists": ["ana"]}},
    },
    "routing": {
        "weights": {
            "severity": {"critical": 8, "high": 4, "medium": 2, "low": 1},
            "language": 0.25, "policy_area": 0.10, "region": 0.05, "scarce": 0.05, "exposure": 0.05, "idle": 0.02,
            "continuity": 0.05,
        },
        "relax": ["region", "policy_area", "language"],
        "never_relax": {"critical": ["language"]},
        "min_proficiency": 2,
        "offer_timeout": {"critical": "PT60S", "high": "PT5M", "medium": "PT5M", "low": "PT5M"},
        "units": {"critical": 2, "high": 1, "medium": 1, "low": 1},
        "handling": {
            "default": "PT22M",
            "policy_areas": {"child_safety": "PT35M"},
            "factor": {"language": 1.6, "policy_area": 1.25},
        },
        "exposure": {"cap_minutes": 100000, "tier": 2, "consecutive_tier3": 1000, "spacing": "PT0S"},
    },
    "sla": {
        "calendars": {},
        "internal": {
            "acknowledge": {"critical": "PT5M", "high": "PT30M", "medium": "PT4H", "low": "PT8H"},
            "first_action": {"critical": "PT30M", "high": "PT2H", "medium": "PT8H", "low": "P1D"},
            "update": {"critical": "PT2H", "high": "PT8H"},
            "resolve": {"critical": "PT1H", "high": "PT4H", "medium": "P1D", "low": "PT24H"},
        },
        "regulatory": [
            {
                "id": "eu.tco.art3", "jurisdiction": "EU", "basis": "Regulation (EU) 2021/784 Art. 3",
                "trigger": "legal_order", "target": "PT1H", "stop": {"actions": ["remove", "withhold_in_country"]},
                "suspended_by": ["force_majeure", "clarification"], "certainty": "high", "source": "test",
                "verified_on": "2026-11-22", "enabled": True,
            }
        ],
        "warn": {"percents": [50, 75, 90]},
    },
    "oncall": {
        "responders": [
            {"id": "ana", "name": "Ana", "time_zone": "America/Sao_Paulo", "rules": _rules()},
            {"id": "ben", "name": "Ben", "time_zone": "Europe/Berlin", "rules": _rules()},
            {"id": "lead", "name": "Lead", "time_zone": "UTC", "rules": _rules()},
        ],
        "schedules": [
            {
                "id": "safety-primary", "time_zone": "UTC", "owner": "lead",
                "layers": [
                    {
                        "id": "always",
                        "rotation": {"unit": "week", "length": 1, "anchor": "2026-01-05T09:00"},
                        "responders": ["ana"],
                    }
                ],
            }
        ],
        "policies": [
            {
                "id": "safety",
                "steps": [
                    {"notify": [{"schedule": "safety-primary"}], "ack_timeout": "PT5M"},
                    {"notify": [{"responder": "lead"}], "ack_timeout": "PT10M"},
                ],
                "repeat": 2,
                "fallback": [{"responder": "lead"}],
            }
        ],
        "paging": [
            {"on": "breach", "severities": ["critical", "high"], "policy": "safety", "urgency": "high"},
            {"on": "breach", "kinds": ["regulatory"], "policy": "safety", "urgency": "high"},
            {"on": "unroutable", "severities": ["critical"], "policy": "safety", "urgency": "high"},
            {"on": "declined", "policy": "safety", "urgency": "low"},
            {"on": "platform", "policy": "safety", "urgency": "high"},
        ],
    },
}  # fmt: skip
