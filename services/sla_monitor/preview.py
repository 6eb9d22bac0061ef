"""The calculator alone: what `POST /v1/sla/preview` and `tocsin sla-due` answer. Pure.

It is the arithmetic that the monitor itself runs on (`clock`), with its refusals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.sla_monitor.calendar import EMPTY_AFTER, Calendar, has_open_time
from services.sla_monitor.clock import HORIZON_YEARS, Timing, elapsed, instants_of, levels_of, state_at
from services.sla_monitor.spans import FOREVER, Span, union
from shared.contracts.vocabulary import ClockState

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Instants outside are refused: nobody means them, and calendars are walked date by date."""


LONGEST_VIEW = timedelta(days=20 * 366)
"""`now` may lie this far behind the start: the open time in between is walked date by date."""


class Refused(Exception):
    """The question has no answer; `field` is the one to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Question:
    """A clock as it might run. `pauses` in any order, overlapping or not; `percents` rising within 1-99."""

    start: datetime
    target: timedelta
    calendar: Calendar
    now: datetime
    stop: datetime | None = None
    pauses: Sequence[Span] = ()
    percents: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """`due_at` is None behind an open pause; so is a threshold not reached before it."""

    due_at: datetime | None
    thresholds: tuple[tuple[int, datetime | None], ...]
    elapsed: timedelta
    remaining: timedelta
    state: ClockState


def calculate(question: Question) -> Answer:
    """When the clock falls due and how it stands at `now`; raises `Refused`."""
    _refuse_empty(question)
    timing = Timing(question.start, question.target, question.calendar, union(question.pauses))
    *levels, due = instants_of(timing, [*levels_of(question.target, question.percents), question.target])
    if due is None:
        _refuse_far(timing)
    end = question.now if question.stop is None else min(question.now, question.stop)
    spent = elapsed(timing, end)
    return Answer(
        due_at=due,
        thresholds=tuple(zip(question.percents, levels, strict=True)),
        elapsed=spent,
        remaining=question.target - spent,
        state=state_at(timing, due, now=question.now, stop=question.stop),
    )


def _refuse_empty(question: Question) -> None:
    if question.target <= timedelta(0):
        raise Refused("target", "the target must be longer than zero, such as PT4H")
    if question.stop is not None and question.stop < question.start:
        raise Refused("stop", "the stop lies before the start; a clock stops at or after it")
    if question.now - question.start > LONGEST_VIEW:
        raise Refused("now", "now lies more than 20 years after the start; ask for an earlier instant")
    if not has_open_time(question.calendar, question.start):
        raise Refused(
            "calendar", f"the calendar has no open time in the {EMPTY_AFTER.days} days from the start; open some"
        )


def _refuse_far(timing: Timing) -> None:
    """Without a due instant: well when an open pause is why, else the target is too far away."""
    ended = tuple(pause for pause in timing.pauses if pause.end < FOREVER)
    if instants_of(Timing(timing.start, timing.target, timing.calendar, ended), [timing.target]) == [None]:
        raise Refused("target", f"due more than {HORIZON_YEARS} years after the start; shorten the target")
