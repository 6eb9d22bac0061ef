"""What `POST /v1/sla/preview` takes and answers (contract section 6), and the way to and from the calculator."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from services.sla_monitor.calendar import Calendar, open_hours
from services.sla_monitor.definitions import Rules
from services.sla_monitor.preview import EARLIEST, LATEST, Answer, Question, Refused
from services.sla_monitor.spans import FOREVER, Span
from shared.config.base import PositiveDuration, refuse
from shared.config.calendars import CalendarSpec
from shared.config.sla import Percents
from shared.contracts.scalars import Instant
from shared.contracts.views import Seconds
from shared.contracts.vocabulary import ClockState

MAX_PAUSES = 1000
MAX_WINDOWS = 100
MAX_DATES = 1000
"""Of an inline calendar, so that no question keeps the monitor from its clocks."""


def _near(value: datetime) -> datetime:
    if not EARLIEST <= value < LATEST:
        raise ValueError(f"a time here lies from {EARLIEST.year} to {LATEST.year - 1}")
    return value


def _one_of_three(value: Any) -> Any:
    """A name, an inline calendar (whose errors name its own fields), or null."""
    if isinstance(value, dict):
        return CalendarSpec.model_validate(value)
    if value is None or isinstance(value, str | CalendarSpec):
        return value
    raise ValueError("a calendar is a name of sla.yaml, a calendar written out, or null for around the clock")


NearInstant = Annotated[Instant, AfterValidator(_near)]
CalendarChoice = Annotated[str | CalendarSpec | None, BeforeValidator(_one_of_three)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pause(_Shape):
    """[start, end); without an end it lasts."""

    start: NearInstant
    end: NearInstant | None = None

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.end is not None and self.end < self.start:
            refuse([(("end",), "the pause ends before it begins")])
        return self


class PreviewQuestion(_Shape):
    """A clock as it might run. `calendar`: a name of sla.yaml, a calendar, or null for 24×7; `now`: the present."""

    start: NearInstant
    target: PositiveDuration
    calendar: CalendarChoice = None
    pauses: tuple[Pause, ...] = Field(default=(), max_length=MAX_PAUSES)
    thresholds: Percents = (50, 75, 90)
    stop: NearInstant | None = None
    now: NearInstant | None = None


class ThresholdAnswer(_Shape):
    """When a share of the target is reached; null behind an open pause."""

    percent: int
    at: Instant | None


class PreviewAnswer(_Shape):
    """`due_at` is null behind an open pause; `remaining_seconds` is open time, negative when overdue."""

    due_at: Instant | None
    thresholds: tuple[ThresholdAnswer, ...]
    elapsed_seconds: Seconds
    remaining_seconds: Seconds
    state: ClockState


def question_of(asked: PreviewQuestion, rules: Rules, *, present: datetime) -> Question:
    """The calculator's question; raises `Refused` for a calendar that nobody defined.

    `present` is `now` where none was given; a stop ahead of it is then taken as having come.
    """
    calendar: Calendar
    if isinstance(asked.calendar, CalendarSpec):
        calendar = _inline(asked.calendar)
    elif asked.calendar is None or asked.calendar in rules.calendars:
        calendar = rules.calendar(asked.calendar)
    else:
        known = ", ".join(sorted(rules.calendars)) or "none"
        raise Refused("calendar", f"no calendar is named {asked.calendar!r}; known: {known}")
    return Question(
        start=asked.start,
        target=asked.target,
        calendar=calendar,
        now=asked.now or max(present, asked.stop or present),
        stop=asked.stop,
        pauses=[Span(pause.start, FOREVER if pause.end is None else pause.end) for pause in asked.pauses],
        percents=asked.thresholds,
    )


def _inline(spec: CalendarSpec) -> Calendar:
    if len(spec.weekly) > MAX_WINDOWS or len(spec.special) + len(spec.closed) > MAX_DATES:
        raise Refused("calendar", f"a calendar here has at most {MAX_WINDOWS} weekly windows and {MAX_DATES} dates")
    return open_hours(spec)


def answer_of(found: Answer) -> PreviewAnswer:
    """The answer as it is sent."""
    return PreviewAnswer(
        due_at=found.due_at,
        thresholds=tuple(ThresholdAnswer(percent=percent, at=at) for percent, at in found.thresholds),
        elapsed_seconds=found.elapsed,
        remaining_seconds=found.remaining,
        state=found.state,
    )
