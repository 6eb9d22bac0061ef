"""Events of tocsin.cases: what intake says happened to a case."""

from typing import ClassVar

from tests.contract.released.v0_1_0.events import CaseBound, EventModel, LegalOrder
from tests.contract.released.v0_1_0.scalars import Instant
from tests.contract.released.v0_1_0.views import ActionView
from tests.contract.released.v0_1_0.vocabulary import (
    NoteVisibility,
    Outcome,
    ReclassifyCause,
    ReopenKind,
    ReporterType,
    Severity,
    Topic,
)


class CaseEvent(CaseBound):
    """Base of the events of tocsin.cases."""

    topic: ClassVar[Topic] = Topic.CASES


class Stakeholder(EventModel):
    """Somebody outside who is kept informed by e-mail."""

    address: str
    language: str | None = None


class ReportBrief(EventModel):
    """A report without its content."""

    source: str
    external_id: str
    reporter_type: ReporterType | None
    received_at: Instant
    legal_orders: tuple[LegalOrder, ...] = ()


class ReportChange(EventModel):
    """A report came in, alone or into a case that was there."""

    report: ReportBrief
    stakeholders: tuple[Stakeholder, ...] = ()


class CaseOpened(CaseEvent):
    type: ClassVar[str] = "tocsin.case.opened"
    change: ReportChange


class CaseReportAdded(CaseEvent):
    type: ClassVar[str] = "tocsin.case.report_added"
    change: ReportChange


class AcknowledgedChange(EventModel):
    by: str


class CaseAcknowledged(CaseEvent):
    type: ClassVar[str] = "tocsin.case.acknowledged"
    change: AcknowledgedChange


class PendChange(EventModel):
    """`reason` is the one added or ended (null: all ended), `reasons` those that hold afterwards."""

    reason: str | None
    until: Instant | None = None
    reasons: tuple[str, ...]


class CasePended(CaseEvent):
    type: ClassVar[str] = "tocsin.case.pended"
    change: PendChange


class CaseResumed(CaseEvent):
    type: ClassVar[str] = "tocsin.case.resumed"
    change: PendChange


class NotedChange(EventModel):
    visibility: NoteVisibility


class CaseNoted(CaseEvent):
    type: ClassVar[str] = "tocsin.case.noted"
    change: NotedChange


class UpdateChange(EventModel):
    text: str
    language: str | None = None
    stakeholders: tuple[Stakeholder, ...] = ()


class CaseUpdatePosted(CaseEvent):
    type: ClassVar[str] = "tocsin.case.update_posted"
    change: UpdateChange


class ActionChange(EventModel):
    action: ActionView


class CaseActionProposed(CaseEvent):
    type: ClassVar[str] = "tocsin.case.action_proposed"
    change: ActionChange


class CaseActionTaken(CaseEvent):
    type: ClassVar[str] = "tocsin.case.action_taken"
    change: ActionChange


class Classification(EventModel):
    """What reclassifying can change."""

    severity: Severity
    policy_area: str
    language: str
    region: str
    graphic: int


class ReclassifiedChange(EventModel):
    before: Classification
    after: Classification
    cause: ReclassifyCause
    reason: str | None = None


class CaseReclassified(CaseEvent):
    type: ClassVar[str] = "tocsin.case.reclassified"
    change: ReclassifiedChange


class TransferTarget(EventModel):
    """Exactly one of the two."""

    specialist: str | None = None
    pool: str | None = None


class TransferredChange(EventModel):
    to: TransferTarget
    reason: str
    override_exposure: bool = False


class CaseTransferred(CaseEvent):
    type: ClassVar[str] = "tocsin.case.transferred"
    change: TransferredChange


class ResolvedChange(EventModel):
    outcome: Outcome
    root_cause: str | None = None


class CaseResolved(CaseEvent):
    type: ClassVar[str] = "tocsin.case.resolved"
    change: ResolvedChange


class ReopenedChange(EventModel):
    kind: ReopenKind
    reason: str


class CaseReopened(CaseEvent):
    type: ClassVar[str] = "tocsin.case.reopened"
    change: ReopenedChange


class SnapshotChange(EventModel):
    """Nothing changed; the case is said again after a restore."""


class CaseSnapshot(CaseEvent):
    type: ClassVar[str] = "tocsin.case.snapshot"
    change: SnapshotChange
