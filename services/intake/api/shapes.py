"""Answers of intake: cases as persons and as sources see them, reports, notes, timeline, taxonomy."""

from dataclasses import fields
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.intake.case import Case
from services.intake.store.reports import StoredReport
from services.intake.submission import Outcome
from shared.config.models import Action, Configuration, PolicyArea
from shared.contracts.escalation import Escalation, Subject
from shared.contracts.events import Actor, LegalOrder
from shared.contracts.scalars import Instant
from shared.contracts.views import ActionView
from shared.contracts.vocabulary import CaseStatus, NoteVisibility, ReporterType, Severity, SubmissionStatus
from shared.contracts.vocabulary import Outcome as CaseOutcome


class View(BaseModel):
    """Base of the answers."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Links(View):
    """Where the rest is: relative, below the services that know it."""

    case: str
    timeline: str
    routing: str
    clocks: str


class SubmissionView(View):
    """What became of an escalation."""

    case_id: UUID
    status: SubmissionStatus
    version: int
    links: Links


class BatchResult(View):
    """One item of a batch: its status, and the answer or the problem."""

    index: int
    status: int
    body: dict[str, Any]


class BatchView(View):
    """The results of a batch, in the order of its items."""

    results: list[BatchResult]


class PendView(View):
    """One reason why a case waits."""

    reason: str
    until: Instant | None


class ResolutionView(View):
    """How a case ended."""

    summary: str
    root_cause: str | None
    by: str


class CaseView(View):
    """A case, whole. `version` counts intake's events of it."""

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
    received_at: Instant
    created_at: Instant
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    resolved_at: Instant | None
    assignee: str | None
    waiting_reason: str | None
    pend_reason: str | None
    pends: tuple[PendView, ...]
    outcome: CaseOutcome | None
    resolution: ResolutionView | None
    actions: tuple[ActionView, ...]
    legal_orders: tuple[LegalOrder, ...]
    preserve_until: Instant | None


class SourceCaseView(View):
    """What a source sees of a case."""

    case_id: UUID
    status: CaseStatus
    outcome: CaseOutcome | None
    actions: tuple[ActionView, ...]


class ReportView(Escalation):
    """A report as it was sent, with the defaults that were filled in."""

    report_id: UUID
    case_id: UUID
    source: str
    recorded_at: Instant


class NoteView(View):
    """A note on a case."""

    note_id: UUID
    text: str
    visibility: NoteVisibility
    by: str
    at: Instant


class TimelineEntry(View):
    """One event of a case, from whichever service."""

    type: str
    source: str
    sequence: int
    occurred_at: Instant
    recorded_at: Instant
    actor: Actor
    change: dict[str, Any]


class TaxonomyView(View):
    """What an escalation may name. `clocks`: regulatory ones as configured, internal ones with their targets."""

    version: int
    policy_areas: dict[str, PolicyArea]
    actions: dict[str, Action]
    clocks: list[dict[str, Any]]


def submission_body(outcome: Outcome) -> dict[str, Any]:
    """A `SubmissionView` as plain values: made for every escalation, so made fast."""
    case = f"/v1/cases/{outcome.case_id}"
    return {
        "case_id": str(outcome.case_id),
        "status": outcome.status,
        "version": outcome.version,
        "links": {
            "case": case,
            "timeline": f"{case}/timeline",
            "routing": f"{case}/routing",
            "clocks": f"{case}/clocks",
        },
    }


def case_view(case: Case, *, for_source: bool) -> CaseView | SourceCaseView:
    """The case as a person or as a source sees it."""
    if for_source:
        return SourceCaseView.model_validate(case)
    shown = {field.name: getattr(case, field.name) for field in fields(case)}
    return CaseView.model_validate({**shown, "pend_reason": ", ".join(p.reason for p in case.pends) or None})


def report_view(report: StoredReport, sent: dict[str, Any]) -> dict[str, Any]:
    """The JSON that was sent (it was checked then), with every default filled in."""
    defaults = {name: field.get_default() for name, field in Escalation.model_fields.items()}
    filled = {"severity": report.severity, "graphic": report.graphic, "received_at": report.received_at}
    orders = [
        {**order, "received_at": order.get("received_at") or report.received_at}
        for order in sent.get("legal_orders", ())
    ]
    own = {name: getattr(report, name) for name in ("report_id", "case_id", "source", "recorded_at")}
    return {**own, **defaults, **sent, **filled, "legal_orders": orders}


def taxonomy_view(config: Configuration) -> TaxonomyView:
    """What is configured now."""
    internal = [
        {"id": name, "kind": "internal", "targets": targets}
        for name, targets in config.sla.internal.model_dump(mode="json").items()
    ]
    regulatory = [clock.model_dump(mode="json") for clock in config.sla.regulatory]
    return TaxonomyView(
        version=config.taxonomy.version,
        policy_areas=config.taxonomy.policy_areas,
        actions=config.taxonomy.actions,
        clocks=[*regulatory, *internal],
    )
