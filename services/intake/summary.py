"""The case as events carry it, and the event of a step.

Pure. No description, evidence, reporter identity or note text ever gets in here (contract section 8).
"""

from services.intake.case import Case, Step
from shared.contracts.case_events import CaseEvent
from shared.contracts.events import CaseSummary, SubjectRef


def summary_of(case: Case) -> CaseSummary:
    """What a reader in another service needs to act without having met the case before."""
    subject = case.subject
    return CaseSummary(
        version=case.version,
        status=case.status,
        severity=case.severity,
        policy_area=case.policy_area,
        language=case.language,
        region=case.region,
        graphic=case.graphic,
        subject=None if subject is None else SubjectRef(type=subject.type, id=subject.id),
        source=case.source,
        received_at=case.received_at,
        reports=case.reports,
        assignee=case.assignee,
        legal_orders=case.legal_orders,
        reporter_types=case.reporter_types,
        excluded_specialists=case.excluded_specialists,
        has_stakeholders=bool(case.stakeholders),
        pend_reasons=tuple(pend.reason for pend in case.pends),
        resolved_at=case.resolved_at,
        preserve_until=case.preserve_until,
        summary=case.summary,
    )


def event_of(step: Step) -> CaseEvent:
    """The event that tells of a step."""
    return step.kind(
        case_id=step.case.case_id,
        occurred_at=step.occurred_at,
        recorded_at=step.case.recorded_at,
        actor=step.actor,
        change=step.change,
        case=summary_of(step.case),
    )
