"""Shapes of requests and answers that stand in no event (contract section 7)."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.notifier.delivery import NoticeType
from shared.config.base import Id
from shared.config.schedules import Schedule
from shared.contracts.scalars import Instant, SafeText
from shared.contracts.views import AttemptView, PageView
from shared.contracts.vocabulary import Urgency


class Request(BaseModel):
    """Base of request bodies: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class NewOverride(Request):
    """`responder` has [start, end): all of it, or only what the layers give to `replaces`."""

    responder: Id
    start: Instant
    end: Instant
    replaces: Id | None = None


class PreviewOverride(NewOverride):
    """In a preview it may be named; else it is `override-1`, `override-2` … by its place in the list."""

    override_id: Id | None = None


class PreviewRequest(Request):
    """A schedule to be rendered without being configured; overrides count as created in this order."""

    schedule: Schedule
    overrides: Annotated[tuple[PreviewOverride, ...], Field(max_length=1000)] = ()
    start: Instant
    end: Instant


class SpanView(Answer):
    """[start, end)."""

    start: Instant
    end: Instant


class ShiftView(SpanView):
    """Who is on call, and the layer or override that says so."""

    responder: str
    source: str


class PreviewAnswer(Answer):
    """Shifts clipped to the span that was asked for, and where nobody is on call in it."""

    shifts: tuple[ShiftView, ...]
    coverage_percent: float
    gaps: tuple[SpanView, ...]


class ShiftsAnswer(PreviewAnswer):
    """The same for a configured schedule; `items` are the shifts, as in every list."""

    items: tuple[ShiftView, ...]
    next_cursor: None = None
    config_version: str
    tzdata_version: str


class NextShift(Answer):
    """Who comes next."""

    responder: str
    start: Instant


class OnCallAnswer(Answer):
    """Who is on call; in a gap `responder` is null, `source` then the layer with the empty place if any."""

    at: Instant
    responder: str | None
    source: str | None
    until: Instant | None
    next: NextShift | None
    config_version: str
    tzdata_version: str


class OverrideView(Answer):
    """An override as it stands."""

    override_id: UUID
    responder: str
    start: Instant
    end: Instant
    replaces: str | None
    created_by: str
    created_at: Instant


class NewPage(Request):
    """A manual page."""

    policy: Id
    summary: Annotated[SafeText, Field(min_length=1, max_length=500)]
    urgency: Urgency = Urgency.HIGH
    case_id: UUID | None = None


class StepView(Answer):
    """A step that the page took; skipped when it had nobody."""

    step: int
    round: int
    at: Instant
    skipped: bool


class ReceiptView(Answer):
    """How one try ended."""

    attempt_id: UUID
    try_: Annotated[int, Field(alias="try")]
    at: Instant
    result: str
    status: int | None
    error: str | None

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class AttemptDetail(AttemptView):
    """With the kind of notice, and the id under which every try of it goes out."""

    type: NoticeType
    webhook_id: UUID
    due_at: Instant


class PageDetail(PageView):
    """A page with every attempt, receipt and step."""

    attempts: tuple[AttemptDetail, ...] = ()
    receipts: tuple[ReceiptView, ...] = ()
    steps: tuple[StepView, ...] = ()
    closed_at: Instant | None = None


def plain(schedule: Schedule) -> dict[str, Any]:
    """A schedule as it is written in oncall.yaml."""
    return schedule.model_dump(mode="json", by_alias=True, exclude_none=False)
