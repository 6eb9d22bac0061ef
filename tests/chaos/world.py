"""The configuration under which chaos happens: short offers, small capacities, short steps, one pager.

Clocks are as in every test configuration; the generator back-dates what it posts so that they fall due in seconds.
"""

from typing import Any

from tests.support import config_dir
from tests.support.config_dir import EVERY_SCOPE, principal, specialist

SOURCES = ("report-tool", "other-tool")
SPECIALISTS = {
    "ana": {"es": 5, "pt": 5, "en": 4},
    "ben": {"de": 5, "fr": 4, "en": 5},
    "chika": {"ja": 5, "ko": 4, "en": 4},
    "dora": {"hi": 5, "ur": 4, "en": 4, "es": 3},
}
LEAD = "lead"
LANGUAGES = ("es", "pt", "en", "de", "fr", "ja", "hi", "es-419", "und")
REGIONS = ("MX", "BR", "DE", "FR", "JP", "IN", "US", "ZZ")
AREAS = ("violent_content", "hateful_conduct", "child_safety", "non_consensual_intimate_media", "unknown")
ORDER_CLOCK = "eu.tco.art3"

KEYS = {name: config_dir.key(name) for name in (*SOURCES, *SPECIALISTS, LEAD)}
"""The bearer key of each principal."""


def configuration(*, pager_url: str) -> dict[str, Any]:
    """The seven files as data, for `tests.support.config_dir.write`."""
    files = config_dir.configuration(pager_url=pager_url)
    people = [principal(n, "person", EVERY_SCOPE, role="specialist", rate_per_second=100000) for n in SPECIALISTS]
    others = [p for p in files["access"]["principals"] if p["id"] not in SPECIALISTS]
    files["access"]["principals"] = others + people
    files["roster"]["specialists"] = [specialist(n, known, capacity=6) for n, known in SPECIALISTS.items()]
    files["routing"]["offer_timeout"] = {"critical": "PT6S", "high": "PT10S", "medium": "PT10S", "low": "PT10S"}
    files["routing"]["handling"]["default"] = "PT1M"
    files["oncall"]["policies"] = [_policy()]
    warning = {"on": "warning", "percent": 90, "kinds": ["regulatory"], "policy": "safety", "urgency": "low"}
    files["oncall"]["paging"].insert(2, warning)
    return files


def _policy() -> dict[str, Any]:
    return {
        "id": "safety",
        "steps": [
            {"notify": [{"schedule": "safety-primary"}], "ack_timeout": "PT10S"},
            {"notify": [{"responder": LEAD}], "ack_timeout": "PT10S"},
        ],
        "repeat": 1,
        "fallback": [{"responder": "ben"}],
    }
