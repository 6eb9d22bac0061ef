"""A report: an escalation with its source, every default filled in, and the slot where it meets others.

Pure. Owns the defaults of an escalation (contract section 4); its shape and limits are `shared.contracts.escalation`.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.config.models import Configuration
from shared.contracts.case_events import Stakeholder
from shared.contracts.escalation import Escalation, Order, Subject
from shared.contracts.events import LegalOrder
from shared.contracts.vocabulary import (
    ReporterType,
    Severity,
)

Slot = tuple[str, str, str]
"""(subject type, subject id, policy area): at most one unresolved case holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An escalation with its source and every default filled in."""

    source: str
    external_id: str
    summary: str
    policy_area: str
    language: str
    region: str
    severity: Severity
    graphic: int
    received_at: datetime
    subject: Subject | None
    reporter_type: ReporterType | None
    legal_orders: tuple[LegalOrder, ...]
    stakeholders: tuple[Stakeholder, ...]
    excluded_specialists: tuple[str, ...]
    labels: dict[str, str]

    @property
    def slot(self) -> Slot | None:
        """Where it meets other reports about the same thing; None without a subject."""
        return slot_of(self.subject, self.policy_area)


def slot_of(subject: Subject | None, policy_area: str) -> Slot | None:
    """The slot of a subject under a policy area."""
    return None if subject is None else (subject.type.value, subject.id, policy_area)


def report_of(escalation: Escalation, *, source: str, config: Configuration, now: datetime) -> Report:
    """Fill in the defaults: severity and graphic of the policy area, `received_at` now."""
    received_at = escalation.received_at or now
    severity, graphic = _defaults(escalation.policy_area, config)
    return Report(
        source=source,
        external_id=escalation.external_id,
        summary=escalation.summary,
        policy_area=escalation.policy_area,
        language=escalation.language,
        region=escalation.region,
        severity=escalation.severity or severity,
        graphic=graphic if escalation.graphic is None else escalation.graphic,
        received_at=received_at,
        subject=escalation.subject,
        reporter_type=escalation.reporter.type if escalation.reporter else None,
        legal_orders=_orders(escalation.legal_orders, received_at) if escalation.legal_orders else (),
        stakeholders=tuple(Stakeholder(address=s.address, language=s.language) for s in escalation.stakeholders),
        excluded_specialists=tuple(dict.fromkeys(escalation.excluded_specialists)),
        labels=escalation.labels,
    )


def severity_of(escalation: Escalation, config: Configuration) -> Severity:
    """Its own severity, or its policy area's."""
    return escalation.severity or _defaults(escalation.policy_area, config)[0]


def _defaults(policy_area: str, config: Configuration) -> tuple[Severity, int]:
    area = config.taxonomy.policy_areas.get(policy_area)
    return (Severity.MEDIUM, 0) if area is None else (area.severity, area.graphic)


def _orders(orders: tuple[Order, ...], received_at: datetime) -> tuple[LegalOrder, ...]:
    """The orders with their defaults, each (clock, reference) once; the first one stands."""
    known: dict[tuple[str, str], LegalOrder] = {}
    for order in orders:
        known.setdefault(
            (order.clock, order.reference),
            LegalOrder(
                clock=order.clock,
                reference=order.reference,
                received_at=order.received_at or received_at,
                due_at=order.due_at,
                jurisdiction=order.jurisdiction,
            ),
        )
    return tuple(known.values())
