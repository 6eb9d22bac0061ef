"""Answers of the services as people's tools see them, with everything that a test does not care about filled in."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.client.shapes import CaseView
from shared.contracts.clock_explanation import ExplainedClock
from shared.contracts.views import AssignmentView, DecisionView, PageView

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CASE = UUID("0190b6a0-0000-7000-8000-000000000001")


def an_id(number: int) -> UUID:
    """An id that is different for each number."""
    return UUID(f"0190b6a0-0000-7000-8000-{number:012d}")


def case(**changes: Any) -> CaseView:
    """An open case about hateful conduct in German."""
    given: dict[str, Any] = {
        "case_id": CASE,
        "version": 1,
        "status": "open",
        "source": "report-tool",
        "external_id": "rpt-1",
        "reports": 1,
        "summary": "A summary",
        "policy_area": "hateful_conduct",
        "language": "de",
        "region": "DE",
        "severity": "high",
        "graphic": 1,
        "received_at": NOON,
        "created_at": NOON,
    }
    return CaseView.model_validate(given | changes)


def clock(name: str = "resolve", **changes: Any) -> ExplainedClock:
    """A clock of one hour with half an hour left."""
    given: dict[str, Any] = {
        "clock_id": an_id(100),
        "case_id": CASE,
        "name": name,
        "kind": "internal",
        "definition": name,
        "definition_version": "1",
        "cycle": 1,
        "state": "running",
        "started_at": NOON - timedelta(minutes=30),
        "due_at": NOON + timedelta(minutes=30),
        "elapsed_seconds": 1800,
        "remaining_seconds": 1800,
    }
    return ExplainedClock.model_validate(given | changes)


def assignment(specialist: str = "ana", state: str = "offered", **changes: Any) -> AssignmentView:
    """A live offer."""
    given: dict[str, Any] = {
        "assignment_id": an_id(200),
        "case_id": CASE,
        "specialist": specialist,
        "state": state,
        "offered_at": NOON,
        "expires_at": NOON + timedelta(minutes=5),
    }
    return AssignmentView.model_validate(given | changes)


def candidate(specialist: str, score: float, **parts: float) -> dict[str, Any]:
    """One who passed the hard filters."""
    names = ("urgency", "language", "policy_area", "region", "scarce", "exposure", "idle", "continuity")
    return {"specialist": specialist, "score": score, "parts": {name: parts.get(name, 0.0) for name in names}}


def decision(outcome: str = "assigned", **changes: Any) -> DecisionView:
    """Given to ana, ahead of ben."""
    assigned = outcome == "assigned"
    given: dict[str, Any] = {
        "decision_id": an_id(300),
        "case_id": CASE,
        "decided_at": NOON,
        "outcome": outcome,
        "specialist": "ana" if assigned else None,
        "score": 2.5 if assigned else None,
        "candidates": [candidate("ana", 2.5, urgency=2.75, region=-0.25), candidate("ben", 1.25)] if assigned else [],
        "weights_version": "1",
        "config_version": "1",
    }
    return DecisionView.model_validate(given | changes)


def page(state: str = "triggered", **changes: Any) -> PageView:
    """A page for a breach of the acknowledge clock, sent to rosa."""
    given: dict[str, Any] = {
        "page_id": an_id(400),
        "case_id": CASE,
        "reasons": [{"kind": "breach", "name": "acknowledge", "at": NOON}],
        "severity": "critical",
        "urgency": "high",
        "state": state,
        "policy": "safety",
        "step": 1,
        "round": 1,
        "responders": [{"responder": "rosa", "step": 1, "round": 1}],
        "created_at": NOON,
    }
    return PageView.model_validate(given | changes)
