"""Base of every event, and the registry by type (contract section 8).

An event carries what its reader needs: no consumer needs an earlier event to act on a later one.
The classes live by topic in `case_events`, `assignment_events`, `clock_events` and `page_events`.
"""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from tests.contract.released.v0_1_0.scalars import Instant
from tests.contract.released.v0_1_0.vocabulary import (
    ActorKind,
    CaseStatus,
    ReporterType,
    Severity,
    SubjectType,
    Topic,
)

EVENT_TYPES: dict[str, type["Event"]] = {}
"""Every known event type by its name; filled as the classes are defined."""


class EventModel(BaseModel):
    """Base of every shape inside an event: immutable, and deaf to fields of later versions."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Actor(EventModel):
    """Who did it: a person, a source, or a service of Tocsin."""

    kind: ActorKind
    id: str

    @classmethod
    def system(cls, service: str) -> "Actor":
        """The service itself, for what happens by itself."""
        return cls(kind=ActorKind.SYSTEM, id=service)


class SubjectRef(EventModel):
    """What a case is about."""

    type: SubjectType
    id: str


class LegalOrder(EventModel):
    """An order that starts a regulatory clock; known by (clock, reference)."""

    clock: str
    reference: str
    received_at: Instant
    due_at: Instant | None = None
    jurisdiction: str | None = None


class CaseSummary(EventModel):
    """A case as the sender knows it after the change.

    `version` is intake's version of the case that this summary reflects. A reader replaces what it has
    only by a higher version, so that topics read in any order end in the same state.
    """

    version: int
    status: CaseStatus
    severity: Severity
    policy_area: str
    language: str
    region: str
    graphic: int
    subject: SubjectRef | None = None
    source: str
    received_at: Instant
    reports: int
    assignee: str | None = None
    legal_orders: tuple[LegalOrder, ...] = ()
    reporter_types: tuple[ReporterType, ...] = ()
    excluded_specialists: tuple[str, ...] = ()
    has_stakeholders: bool = False
    pend_reasons: tuple[str, ...] = ()
    summary: str


class Event(EventModel):
    """One thing that happened. Subclasses say `type`, `topic` and the shape of `change`."""

    type: ClassVar[str]
    version: ClassVar[int] = 1
    topic: ClassVar[Topic]

    case_id: UUID | None
    occurred_at: Instant
    recorded_at: Instant
    actor: Actor
    change: Any
    case: CaseSummary | None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "type" in cls.__dict__:
            EVENT_TYPES[cls.type] = cls

    @classmethod
    def schema_id(cls) -> str:
        """The value of `ce_dataschema`: `/schemas/<type>/<version>`."""
        return f"/schemas/{cls.type}/{cls.version}"

    def payload(self) -> bytes:
        """The value of the Kafka record: JSON in UTF-8."""
        return self.model_dump_json().encode()


class CaseBound(Event):
    """An event that always has its case."""

    case_id: UUID
    case: CaseSummary
