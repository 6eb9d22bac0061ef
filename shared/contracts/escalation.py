"""An escalation as a source posts it (contract section 4): its shape and its limits.

intake takes it in; the router previews who would get it. Whether its ids are known is checked against the
configuration by whoever reads it.
"""

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, field_validator

from shared.contracts.scalars import Instant, LanguageTag, Region, SafeText
from shared.contracts.vocabulary import EvidenceType, ReporterType, Severity, SubjectType

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
    """A posted escalation."""

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
