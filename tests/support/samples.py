"""One realistic event of every type, built from the classes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.registry import EVENT_TYPES, Event

NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
CASE_ID = UUID("019aabcd-0000-7000-8000-000000000001")
OTHER_ID = UUID("019aabcd-0000-7000-8000-000000000002")

ORDER = {"clock": "eu.tco.art3", "reference": "BKA-1", "received_at": NOW, "due_at": None, "jurisdiction": "DE"}
SUMMARY = {
    "version": 3,
    "status": "open",
    "severity": "critical",
    "policy_area": "violent_and_hateful_entities",
    "language": "de",
    "region": "DE",
    "graphic": 2,
    "subject": {"type": "post", "id": "p-1"},
    "source": "report-tool",
    "received_at": NOW,
    "reports": 1,
    "assignee": "ana",
    "legal_orders": [ORDER],
    "reporter_types": ["authority"],
    "excluded_specialists": ["ben"],
    "has_stakeholders": True,
    "pend_reasons": [],
    "summary": "Removal order of a competent authority",
}
_REPORT = {
    "report": {
        "source": "report-tool",
        "external_id": "rpt-1",
        "reporter_type": "authority",
        "received_at": NOW,
        "legal_orders": [ORDER],
    },
    "stakeholders": [{"address": "desk@example.org", "language": "de"}],
}
_PEND = {"reason": "clarification", "until": NOW + timedelta(hours=1), "reasons": ["clarification"]}
_ACTION = {
    "action": {
        "action_id": OTHER_ID,
        "action": "remove",
        "scope": "geo",
        "regions": ["DE"],
        "state": "done",
        "by": "ana",
        "confirmed_by": None,
        "at": NOW,
    }
}
_CLASS = {"severity": "high", "policy_area": "violent_content", "language": "de", "region": "DE", "graphic": 2}
_ASSIGNMENT = {
    "assignment": {
        "assignment_id": OTHER_ID,
        "case_id": CASE_ID,
        "specialist": "ana",
        "state": "offered",
        "offered_at": NOW,
        "expires_at": NOW + timedelta(seconds=60),
        "ended_at": None,
        "reason": None,
    },
    "decision_id": OTHER_ID,
    "declines": 0,
}
_PARTS = dict.fromkeys(
    ("urgency", "language", "policy_area", "region", "scarce", "exposure", "idle", "continuity"), 0.5
)
_DECISION = {
    "decision": {
        "decision_id": OTHER_ID,
        "case_id": CASE_ID,
        "decided_at": NOW,
        "outcome": "waiting",
        "specialist": None,
        "score": None,
        "relaxed": [{"requirement": "region", "why": "waiting would miss the deadline"}],
        "waiting_reason": "at_capacity",
        "candidates": [{"specialist": "ana", "score": 1.25, "parts": _PARTS}],
        "excluded": {"at_capacity": 2},
        "weights_version": "abc",
        "config_version": "def",
    }
}
_STAFFING = {"language": "is", "certification": None, "start": NOW, "end": NOW + timedelta(hours=1)}
_CLOCK = {
    "clock": {
        "clock_id": OTHER_ID,
        "case_id": CASE_ID,
        "name": "eu.tco.art3",
        "kind": "regulatory",
        "definition": "eu.tco.art3",
        "definition_version": "abc",
        "cycle": 1,
        "state": "running",
        "started_at": NOW,
        "due_at": NOW + timedelta(hours=1),
        "stopped_at": None,
        "breached_at": None,
        "cause": None,
        "evidence": None,
        "elapsed_seconds": 0.0,
        "remaining_seconds": 3600.0,
        "thresholds": [{"percent": 50, "at": NOW + timedelta(minutes=30), "fired_at": None}],
    }
}
_PAGE = {
    "page": {
        "page_id": OTHER_ID,
        "case_id": CASE_ID,
        "reasons": [{"kind": "breach", "clock_id": OTHER_ID, "name": "eu.tco.art3", "at": NOW}],
        "severity": "critical",
        "urgency": "high",
        "state": "triggered",
        "closed_by": None,
        "policy": "safety",
        "step": 0,
        "round": 0,
        "responders": [{"responder": "ana", "step": 0, "round": 0, "schedule": "primary", "source": "weekly"}],
        "created_at": NOW,
        "acknowledged_at": None,
        "acknowledged_by": None,
    }
}
_ATTEMPT = {
    "page_id": OTHER_ID,
    "attempt": {
        "attempt_id": OTHER_ID,
        "channel": "pager",
        "kind": "webhook",
        "responder": "ana",
        "step": 0,
        "round": 0,
        "state": "sent",
        "tries": 1,
        "at": NOW,
        "provider_ref": None,
        "error": None,
    },
}

CHANGES: dict[str, dict[str, Any]] = {
    "case.opened": _REPORT,
    "case.report_added": _REPORT,
    "case.acknowledged": {"by": "ana"},
    "case.pended": _PEND,
    "case.resumed": {**_PEND, "until": None, "reasons": []},
    "case.noted": {"visibility": "internal"},
    "case.update_posted": {"text": "We are on it", "language": "de", "stakeholders": _REPORT["stakeholders"]},
    "case.action_proposed": {"action": {**_ACTION["action"], "state": "proposed"}},
    "case.action_taken": _ACTION,
    "case.reclassified": {"before": _CLASS, "after": {**_CLASS, "severity": "critical"}, "cause": "command"},
    "case.transferred": {"to": {"specialist": "ben", "pool": None}, "reason": "leave"},
    "case.resolved": {"outcome": "violation", "root_cause": None},
    "case.reopened": {"kind": "appeal", "reason": "new facts"},
    "case.snapshot": {},
    "assignment.waiting": _DECISION,
    "assignment.unroutable": _DECISION,
    "staffing.gap": _STAFFING,
    "exposure.infeasible": _STAFFING,
    "clock.warned": {**_CLOCK, "percent": 50},
    "clock.stopped": {**_CLOCK, "late_by": 12.5},
    "page.attempted": _ATTEMPT,
}


def change_of(event_type: str) -> dict[str, Any]:
    """The sample's `change`, by type; types of one family share one."""
    short = event_type.removeprefix("tocsin.")
    family: dict[str, dict[str, Any]] = {"assignment": _ASSIGNMENT, "clock": _CLOCK, "page": _PAGE}
    return CHANGES.get(short) or family.get(short.split(".")[0], {})


def sample(event_type: str, **overrides: Any) -> Event:
    """A valid event of `event_type`; `overrides` replace top-level fields."""
    without_case = event_type in {"tocsin.staffing.gap", "tocsin.exposure.infeasible"}
    values: dict[str, Any] = {
        "case_id": None if without_case else CASE_ID,
        "occurred_at": NOW,
        "recorded_at": NOW,
        "actor": {"kind": "system", "id": "test"},
        "change": change_of(event_type),
        "case": None if without_case else SUMMARY,
    }
    return EVENT_TYPES[event_type].model_validate(values | overrides)
