"""Shapes of the router's HTTP answers and commands that no event carries (contract section 5)."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.escalation import Input
from shared.contracts.scalars import Instant, SafeText
from shared.contracts.vocabulary import Presence, RoutingOutcome, Severity


class SpecialistView(BaseModel):
    """Somebody of the roster as they stand; `capacity` and `load` in units."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    languages: dict[str, int]
    regions: tuple[str, ...]
    policy_areas: tuple[str, ...]
    certifications: tuple[str, ...]
    capacity: int
    load: int
    presence: Presence
    on_shift: bool


class QueueItem(BaseModel):
    """A case that waits or is unroutable, and since when."""

    model_config = ConfigDict(frozen=True)

    case_id: UUID
    outcome: RoutingOutcome
    waiting_reason: str | None
    since: Instant
    due_at: Instant | None
    severity: Severity
    policy_area: str
    language: str
    region: str


class PresenceCommand(Input):
    """How somebody is present."""

    state: Presence


class DeclineCommand(Input):
    """Why an offer is refused."""

    reason: Annotated[SafeText, Field(min_length=1, max_length=200)]
