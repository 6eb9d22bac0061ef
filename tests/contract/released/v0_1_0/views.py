"""Shapes that stand both in events and in HTTP answers: assignment, decision, clock, page, action.

Fields and their meaning are contract sections 4 to 7.
"""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from tests.contract.released.v0_1_0.scalars import Instant
from tests.contract.released.v0_1_0.vocabulary import (
    ActionScope,
    ActionState,
    AssignmentState,
    AttemptState,
    ChannelKind,
    ClockKind,
    ClockState,
    EvidenceState,
    PageReasonKind,
    PageState,
    Requirement,
    RoutingOutcome,
    Severity,
    Urgency,
)

Seconds = Annotated[
    timedelta,
    PlainSerializer(lambda value: value.total_seconds(), return_type=float, when_used="json"),
    WithJsonSchema({"type": "number"}),
]
"""A length of time that is plain seconds in JSON."""


class View(BaseModel):
    """Base of every shared shape: immutable; readers ignore fields that they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ActionView(View):
    """A remedy taken or proposed on a case."""

    action_id: UUID
    action: str
    scope: ActionScope
    regions: tuple[str, ...] = ()
    state: ActionState
    by: str
    confirmed_by: str | None = None
    at: Instant


class AssignmentView(View):
    """A case offered to, or held by, one specialist."""

    assignment_id: UUID
    case_id: UUID
    specialist: str
    state: AssignmentState
    offered_at: Instant
    expires_at: Instant | None
    ended_at: Instant | None = None
    reason: str | None = None


class Relaxed(View):
    """A soft requirement that a decision let go, and why."""

    requirement: Requirement
    why: str


class ScoreParts(View):
    """The summands of a score."""

    urgency: float
    language: float
    policy_area: float
    region: float
    scarce: float
    exposure: float
    idle: float
    continuity: float


class CandidateView(View):
    """One specialist who passed the hard filters, with the score and its parts."""

    specialist: str
    score: float
    parts: ScoreParts


class DecisionBrief(View):
    """A routing decision without who was excluded for what, as events carry it."""

    decision_id: UUID
    case_id: UUID
    decided_at: Instant
    outcome: RoutingOutcome
    specialist: str | None = None
    score: float | None = None
    relaxed: tuple[Relaxed, ...] = ()
    waiting_reason: str | None = None
    candidates: tuple[CandidateView, ...] = ()
    excluded: dict[str, int] = {}
    weights_version: str
    config_version: str


class DecisionView(DecisionBrief):
    """A routing decision in full."""

    excluded_by: dict[str, tuple[str, ...]] = {}


class ThresholdView(View):
    """One warning level of a clock: when it is reached (null while an open pause hides it), when it fired."""

    percent: int
    at: Instant | None
    fired_at: Instant | None = None


class ClockView(View):
    """One running or ended clock of a case."""

    clock_id: UUID
    case_id: UUID
    name: str
    kind: ClockKind
    definition: str
    definition_version: str
    cycle: int
    state: ClockState
    started_at: Instant
    due_at: Instant | None
    stopped_at: Instant | None = None
    breached_at: Instant | None = None
    cause: str | None = None
    evidence: EvidenceState | None = None
    elapsed_seconds: float
    remaining_seconds: float
    thresholds: tuple[ThresholdView, ...] = ()


class PageReason(View):
    """Why a page exists; closed when the reason is gone."""

    kind: PageReasonKind
    clock_id: UUID | None = None
    name: str | None = None
    at: Instant
    closed_by: str | None = None
    closed_at: Instant | None = None


class PageResponder(View):
    """Who a page was sent to, and what made them on call: source is a layer or override id."""

    responder: str
    step: int
    round: int
    schedule: str | None = None
    source: str | None = None
    config_version: str | None = None
    tzdata_version: str | None = None


class PageBrief(View):
    """A page without its attempts, as events and webhooks carry it."""

    page_id: UUID
    case_id: UUID | None
    reasons: tuple[PageReason, ...]
    severity: Severity | None
    urgency: Urgency
    state: PageState
    closed_by: str | None = None
    policy: str
    step: int
    round: int
    responders: tuple[PageResponder, ...] = ()
    created_at: Instant
    acknowledged_at: Instant | None = None
    acknowledged_by: str | None = None


class AttemptBrief(View):
    """One try to reach one responder over one channel, without the destination."""

    attempt_id: UUID
    channel: str
    kind: ChannelKind | None = None
    responder: str | None
    step: int
    round: int
    state: AttemptState
    tries: int
    at: Instant | None
    provider_ref: str | None = None
    error: str | None = None


class AttemptView(AttemptBrief):
    """An attempt with its redacted destination."""

    destination: str


class PageView(PageBrief):
    """A page with every attempt."""

    summary: str | None = None
    attempts: tuple[AttemptView, ...] = ()
