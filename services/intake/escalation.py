"""What a source posts: its shape, and the report made of it.

Pure. Owns the limits and defaults of an escalation (contract section 4); knows no HTTP and no SQL.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, field_validator

from shared.config.models import Configuration
from shared.contracts.case_events import Stakeholder
from shared.contracts.events import LegalOrder
from shared.contracts.scalars import Instant, LanguageTag, Region, SafeText
from shared.contracts.vocabulary import (
    EvidenceType,
    ReporterType,
    Severity,
    SubjectType,
)

_ADDRESS = re.compile(r"[^@\s<>\",;:]+@([^@\s<>\",;:]+)")

Name = Annotated[SafeText, Field(min_length=1, max_length=200)]
Line = Annotated[SafeText, Field(min_length=1, max_length=500)]
Reference = Annotated[SafeText, Field(min_length=1, max_length=2000)]
Tier = Annotated[StrictInt, Field(ge=0, le=3)]
Count = Annotated[StrictInt, Field(ge=0, le=2**63 - 1)]


class Input(BaseModel):
    """Base of everything that callers send: unknown fields are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Subject(Input):
    """What the escalation is about; type and id make reports of the same thing meet."""

    type: SubjectType
    id: Line
    url: Reference | None = None


class Evidence(Input):
    """A reference to evidence, never the media itself."""

    type: EvidenceType
    value: Reference
    graphic: Tier | None = None


class Reporter(Input):
    """Who told the source."""

    type: ReporterType
    id: Name | None = None
    name: Name | None = None


class Order(Input):
    """A legal order; `due_at` wins over the clock's target."""

    clock: Name
    reference: Name
    received_at: Instant | None = None
    due_at: Instant | None = None
    jurisdiction: Annotated[SafeText, Field(min_length=1, max_length=64)] | None = None


class Reach(Input):
    """How far the subject has spread."""

    impressions: Count | None = None
    per_hour: Count | None = None


class Addressee(Input):
    """Somebody outside who is kept informed by e-mail."""

    address: Annotated[SafeText, Field(min_length=3, max_length=320)]
    language: LanguageTag | None = None

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value):
            raise ValueError("an address is name@domain")
        return value


class Escalation(Input):
    """A posted escalation, as contract section 4 shows it."""

    external_id: Name
    summary: Line
    policy_area: Name
    language: LanguageTag
    region: Region
    description: Annotated[SafeText, Field(max_length=20_000)] | None = None
    severity: Severity | None = None
    graphic: Tier | None = None
    received_at: Instant | None = None
    subject: Subject | None = None
    evidence: Annotated[tuple[Evidence, ...], Field(max_length=100)] = ()
    reporter: Reporter | None = None
    legal_orders: Annotated[tuple[Order, ...], Field(max_length=20)] = ()
    reach: Reach | None = None
    stakeholders: Annotated[tuple[Addressee, ...], Field(max_length=20)] = ()
    excluded_specialists: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    labels: Annotated[dict[Name, Annotated[SafeText, Field(max_length=1000)]], Field(max_length=32)] = {}


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
