"""A case as intake holds it, and the steps by which it changes.

Pure. Every step is one event: the version goes up by one with each, and `recorded_at` never goes back.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.report import Slot, slot_of
from shared.contracts.case_events import CaseEvent, Stakeholder
from shared.contracts.escalation import Subject
from shared.contracts.events import Actor, EventModel, LegalOrder
from shared.contracts.views import ActionView
from shared.contracts.vocabulary import ActorKind, CaseStatus, NoteVisibility, Outcome, ReporterType, Severity


@dataclass(frozen=True, slots=True)
class Pend:
    """One reason why a case waits; it ends by itself at `until`."""

    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a case ended, in the words of who resolved it."""

    summary: str
    root_cause: str | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case. `version` counts its events; `assignee` and `waiting_reason` are what other topics said."""

    case_id: UUID
    version: int
    status: CaseStatus
    source: str
    external_id: str
    reports: int
    summary: str
    policy_area: str
    language: str
    region: str
    severity: Severity
    graphic: int
    subject: Subject | None
    reporter_type: ReporterType | None
    labels: dict[str, str]
    received_at: datetime
    created_at: datetime
    recorded_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    outcome: Outcome | None = None
    resolution: Resolution | None = None
    pends: tuple[Pend, ...] = ()
    actions: tuple[ActionView, ...] = ()
    legal_orders: tuple[LegalOrder, ...] = ()
    reporter_types: tuple[ReporterType, ...] = ()
    excluded_specialists: tuple[str, ...] = ()
    stakeholders: tuple[Stakeholder, ...] = ()
    assignee: str | None = None
    waiting_reason: str | None = None
    preserve_until: datetime | None = None

    @property
    def slot(self) -> Slot | None:
        """The slot that an unresolved case about a subject asks for."""
        return None if self.status is CaseStatus.RESOLVED else slot_of(self.subject, self.policy_area)

    @property
    def pend_until(self) -> datetime | None:
        """When the first pend reason ends by itself."""
        return min((pend.until for pend in self.pends if pend.until is not None), default=None)


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever sent a command; `is_lead` opens what is for leads only."""

    id: str
    kind: ActorKind
    is_lead: bool = False

    @property
    def actor(self) -> Actor:
        """As events name them."""
        return Actor(kind=self.kind, id=self.id)


INTAKE = Who("intake", ActorKind.SYSTEM)
"""The service itself, for what happens by itself."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a case and the event that says so; `case` is the case after it."""

    kind: type[CaseEvent]
    change: EventModel
    case: Case
    occurred_at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note to be kept; its text never leaves intake."""

    text: str
    visibility: NoteVisibility


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command leads to. No steps: nothing changes."""

    steps: tuple[Step, ...] = ()
    note: NewNote | None = None


UNCHANGED = Decision()


def advance(
    case: Case,
    kind: type[CaseEvent],
    change: EventModel,
    *,
    who: Who,
    now: datetime,
    occurred_at: datetime | None = None,
    **becomes: Any,
) -> Step:
    """The step from `case` by an event of `kind`; `becomes` are the fields that change."""
    after = replace(case, version=case.version + 1, recorded_at=max(now, case.recorded_at), **becomes)
    return Step(kind, change, after, occurred_at or after.recorded_at, who.actor)


def after(case: Case, steps: tuple[Step, ...]) -> Case:
    """The case at the end of the steps."""
    return steps[-1].case if steps else case
