"""An assignment from offer to end: what may happen to it, and when. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.router.shifts import HORIZON, Shift, Shifts
from shared.contracts.views import AssignmentView
from shared.contracts.vocabulary import AssignmentState

RETURNS_AFTER = timedelta(minutes=15)
"""After the end of a shift accepted cases go back to the queue."""

LIVE = frozenset({AssignmentState.OFFERED, AssignmentState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Assignment:
    """A case with one specialist. `claimed`: taken by acknowledging the case, not by an offer."""

    assignment_id: UUID
    case_id: UUID
    specialist: str
    state: AssignmentState
    units: int
    handling: timedelta
    offered_at: datetime
    expires_at: datetime | None = None
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    return_at: datetime | None = None
    reason: str | None = None
    claimed: bool = False
    decision_id: UUID | None = None

    @property
    def live(self) -> bool:
        """Offered or accepted: the case is with this person."""
        return self.state in LIVE

    def view(self) -> AssignmentView:
        """As the contract shows it."""
        return AssignmentView(
            assignment_id=self.assignment_id,
            case_id=self.case_id,
            specialist=self.specialist,
            state=self.state,
            offered_at=self.offered_at,
            expires_at=self.expires_at,
            ended_at=self.ended_at,
            reason=self.reason,
        )


def accepted(assignment: Assignment, *, at: datetime, now: datetime, shifts: Shifts | None) -> Assignment:
    """Taken on at `at`; the offer no longer expires, and the shift's end no longer ends it at once."""
    returns = return_at(AssignmentState.ACCEPTED, shifts, now)
    return replace(assignment, state=AssignmentState.ACCEPTED, accepted_at=at, return_at=returns)


def ended(assignment: Assignment, state: AssignmentState, reason: str | None, *, at: datetime) -> Assignment:
    """Over: declined, expired or released."""
    return replace(assignment, state=state, reason=reason, ended_at=at, return_at=None)


def return_at(state: AssignmentState, shifts: Shifts | None, now: datetime) -> datetime | None:
    """When the end of the present shift (or, off shift, of the next) takes the case back; None: never."""
    shift = None if shifts is None else shifts.at(now) or shifts.after(now)
    end = None if shift is None else end_of(shift, now)
    if end is None:
        return None
    return end + (RETURNS_AFTER if state is AssignmentState.ACCEPTED else timedelta(0))


def end_of(shift: Shift, now: datetime) -> datetime | None:
    """When a shift ends; None for one without an end."""
    return shift.end if shift.end - now <= HORIZON else None
