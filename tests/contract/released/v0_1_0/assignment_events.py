"""Events of tocsin.assignments: who was offered a case and what became of it; staffing alarms."""

from typing import ClassVar
from uuid import UUID

from tests.contract.released.v0_1_0.events import CaseBound, Event, EventModel
from tests.contract.released.v0_1_0.scalars import Instant
from tests.contract.released.v0_1_0.views import AssignmentView, DecisionBrief
from tests.contract.released.v0_1_0.vocabulary import Topic


class AssignmentEvent(CaseBound):
    """Base of the events of tocsin.assignments that belong to a case."""

    topic: ClassVar[Topic] = Topic.ASSIGNMENTS


class AssignmentChange(EventModel):
    """`decision_id` is null where no decision led here (a claim); `declines` counts the case's refusals."""

    assignment: AssignmentView
    decision_id: UUID | None = None
    declines: int = 0


class AssignmentOffered(AssignmentEvent):
    type: ClassVar[str] = "tocsin.assignment.offered"
    change: AssignmentChange


class AssignmentAccepted(AssignmentEvent):
    type: ClassVar[str] = "tocsin.assignment.accepted"
    change: AssignmentChange


class AssignmentDeclined(AssignmentEvent):
    """`change.declines` at three, or `change.assignment.reason` `claim_refused`, pages the lead."""

    type: ClassVar[str] = "tocsin.assignment.declined"
    change: AssignmentChange


class AssignmentExpired(AssignmentEvent):
    type: ClassVar[str] = "tocsin.assignment.expired"
    change: AssignmentChange


class AssignmentReleased(AssignmentEvent):
    type: ClassVar[str] = "tocsin.assignment.released"
    change: AssignmentChange


class DecisionChange(EventModel):
    decision: DecisionBrief


class AssignmentWaiting(AssignmentEvent):
    type: ClassVar[str] = "tocsin.assignment.waiting"
    change: DecisionChange


class AssignmentUnroutable(AssignmentEvent):
    type: ClassVar[str] = "tocsin.assignment.unroutable"
    change: DecisionChange


class StaffingChange(EventModel):
    """Nobody speaks `language` with `certification` (null: none needed) on shift in [start, end)."""

    language: str
    certification: str | None = None
    start: Instant
    end: Instant


class StaffingEvent(Event):
    """Base of the events that belong to no case; the key is the language."""

    topic: ClassVar[Topic] = Topic.ASSIGNMENTS
    case_id: None = None
    case: None = None


class StaffingGap(StaffingEvent):
    type: ClassVar[str] = "tocsin.staffing.gap"
    change: StaffingChange


class ExposureInfeasible(StaffingEvent):
    type: ClassVar[str] = "tocsin.exposure.infeasible"
    change: StaffingChange
