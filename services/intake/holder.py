"""Who holds a case and why it waits, as the events of tocsin.assignments say in their order.

Pure. A read model: nothing in intake decides from it.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from shared.contracts.assignment_events import (
    AssignmentAccepted,
    AssignmentDeclined,
    AssignmentExpired,
    AssignmentOffered,
    AssignmentReleased,
    AssignmentUnroutable,
    AssignmentWaiting,
)
from shared.contracts.events import Event


@dataclass(frozen=True, slots=True)
class Holder:
    """The live assignment of a case, or the reason why there is none."""

    assignee: str | None = None
    assignment_id: UUID | None = None
    waiting_reason: str | None = None

    def after(self, event: Event) -> "Holder":
        """The holder once `event` is known; events of other kinds change nothing."""
        match event:
            case AssignmentOffered() | AssignmentAccepted():
                assignment = event.change.assignment
                return Holder(assignment.specialist, assignment.assignment_id)
            case AssignmentDeclined() | AssignmentExpired() | AssignmentReleased():
                ended = event.change.assignment.assignment_id == self.assignment_id
                return replace(self, assignee=None, assignment_id=None) if ended else self
            case AssignmentWaiting() | AssignmentUnroutable():
                return replace(self, waiting_reason=event.change.decision.waiting_reason or "unroutable")
            case _:
                return self
