"""Between rows and what the decisions work on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.router.assignment import Assignment
from services.router.casefile import CaseFile, History, Phase
from services.router.deadline import KnownClock
from shared.contracts.events import CaseSummary
from shared.contracts.vocabulary import AssignmentState, ClockKind, ClockState, RoutingOutcome
from shared.db import Row

_NO_HISTORY = History()
_SETS = ("declined", "decided", "barred", "familiar")


def uuid_of(value: Any) -> UUID:
    """The driver's UUID as Python's own."""
    return UUID(int=value.int)


def case_from(row: Row) -> CaseFile:
    """A case from its row, without its live assignment."""
    return CaseFile(
        case_id=uuid_of(row["case_id"]),
        seq=row["seq"],
        revision=row["revision"],
        summary=CaseSummary.model_validate(row["summary"]),
        phase=Phase(row["phase"]),
        history=history_from(row["history"]),
        clocks=clocks_from(row["clocks"]),
        waiting_since=row["waiting_since"],
        outcome=RoutingOutcome(row["outcome"]) if row["outcome"] else None,
        waiting_reason=row["waiting_reason"],
        fresh=row["fresh"],
        trace=row["trace"],
    )


def history_from(value: Mapping[str, Any]) -> History:
    """History as its column holds it."""
    fields: dict[str, Any] = {name: frozenset(one) if name in _SETS else one for name, one in value.items()}
    return History(**fields)


def history_to(history: History) -> dict[str, Any]:
    """Only what is set."""
    found = {name: getattr(history, name) for name in History.__slots__}
    return {
        name: sorted(one) if name in _SETS else one for name, one in found.items() if one != getattr(_NO_HISTORY, name)
    }


def clocks_from(value: Mapping[str, Any]) -> dict[UUID, KnownClock]:
    """Clocks as their column holds them."""
    return {
        UUID(clock_id): KnownClock(
            UUID(clock_id), name, ClockKind(kind), ClockState(state), due and datetime.fromisoformat(due)
        )
        for clock_id, (name, kind, state, due) in value.items()
    }


def clocks_to(clocks: Mapping[UUID, KnownClock]) -> dict[str, Any]:
    """Name, kind, state and due by clock id."""
    return {str(clock_id): [one.name, one.kind, one.state, one.due_at] for clock_id, one in clocks.items()}


def assignment_from(row: Row) -> Assignment:
    """An assignment from its row."""
    return Assignment(
        assignment_id=uuid_of(row["assignment_id"]),
        case_id=uuid_of(row["case_id"]),
        specialist=row["specialist"],
        state=AssignmentState(row["state"]),
        units=row["units"],
        handling=row["handling"],
        offered_at=row["offered_at"],
        expires_at=row["expires_at"],
        accepted_at=row["accepted_at"],
        ended_at=row["ended_at"],
        return_at=row["return_at"],
        reason=row["reason"],
        claimed=row["claimed"],
        decision_id=uuid_of(row["decision_id"]) if row["decision_id"] else None,
    )
