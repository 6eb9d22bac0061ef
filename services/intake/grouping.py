"""Grouping: a report opens a case, or joins the unresolved one about the same subject and policy area.

Pure. Severity and graphic become the higher of both, a legal order is known by (clock, reference),
stakeholders by their address; the earlier one stands.
"""

from datetime import datetime
from uuid import UUID

from services.intake.case import Case, Decision, Step, Who, advance
from services.intake.reclassification import classification
from services.intake.report import Report
from shared.contracts.case_events import (
    CaseOpened,
    CaseReclassified,
    CaseReportAdded,
    ReclassifiedChange,
    ReportBrief,
    ReportChange,
    Stakeholder,
)
from shared.contracts.events import LegalOrder
from shared.contracts.vocabulary import CaseStatus, ReclassifyCause, ReporterType, Severity


def opened(report: Report, *, case_id: UUID, who: Who, now: datetime) -> Step:
    """The first step of a new case."""
    case = Case(
        case_id=case_id,
        version=1,
        status=CaseStatus.OPEN,
        source=report.source,
        external_id=report.external_id,
        reports=1,
        summary=report.summary,
        policy_area=report.policy_area,
        language=report.language,
        region=report.region,
        severity=report.severity,
        graphic=report.graphic,
        subject=report.subject,
        reporter_type=report.reporter_type,
        labels=report.labels,
        received_at=report.received_at,
        created_at=now,
        recorded_at=now,
        legal_orders=report.legal_orders,
        reporter_types=_types(report),
        excluded_specialists=report.excluded_specialists,
        stakeholders=_by_address(report.stakeholders),
    )
    return Step(CaseOpened, change_of(report), case, now, who.actor)


def join(case: Case, report: Report, *, who: Who, now: datetime) -> Decision:
    """The report joins the case; a higher severity or graphic is a second step."""
    added = advance(
        case,
        CaseReportAdded,
        change_of(report),
        who=who,
        now=now,
        reports=case.reports + 1,
        legal_orders=_orders(case.legal_orders, report.legal_orders),
        reporter_types=tuple(dict.fromkeys((*case.reporter_types, *_types(report)))),
        excluded_specialists=tuple(dict.fromkeys((*case.excluded_specialists, *report.excluded_specialists))),
        stakeholders=_by_address((*case.stakeholders, *report.stakeholders)),
    )
    return Decision((added, *_raised(added.case, report, who, now)))


def change_of(report: Report) -> ReportChange:
    """What events say of a report: never its content."""
    brief = ReportBrief(
        source=report.source,
        external_id=report.external_id,
        reporter_type=report.reporter_type,
        received_at=report.received_at,
        legal_orders=report.legal_orders,
    )
    return ReportChange(report=brief, stakeholders=report.stakeholders)


def _raised(case: Case, report: Report, who: Who, now: datetime) -> tuple[Step, ...]:
    severity = _worse(case.severity, report.severity)
    graphic = max(case.graphic, report.graphic)
    if (severity, graphic) == (case.severity, case.graphic):
        return ()
    before = classification(case)
    change = ReclassifiedChange(
        before=before,
        after=before.model_copy(update={"severity": severity, "graphic": graphic}),
        cause=ReclassifyCause.REPORT,
    )
    return (advance(case, CaseReclassified, change, who=who, now=now, severity=severity, graphic=graphic),)


def _worse(one: Severity, other: Severity) -> Severity:
    return min(one, other, key=lambda severity: severity.rank)


def _types(report: Report) -> tuple[ReporterType, ...]:
    return () if report.reporter_type is None else (report.reporter_type,)


def _orders(known: tuple[LegalOrder, ...], new: tuple[LegalOrder, ...]) -> tuple[LegalOrder, ...]:
    found = {(order.clock, order.reference): order for order in known}
    for order in new:
        found.setdefault((order.clock, order.reference), order)
    return tuple(found.values())


def _by_address(stakeholders: tuple[Stakeholder, ...]) -> tuple[Stakeholder, ...]:
    found: dict[str, Stakeholder] = {}
    for stakeholder in stakeholders:
        found.setdefault(stakeholder.address.lower(), stakeholder)
    return tuple(found.values())
