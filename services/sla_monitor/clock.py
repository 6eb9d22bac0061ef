"""The arithmetic of one clock: elapsed, due, thresholds, state. Pure.

Elapsed time is open time in [start, now) outside pauses; due is the earliest instant at which it reaches the
target. Durations are physical seconds on UTC instants.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.sla_monitor.calendar import Calendar
from services.sla_monitor.spans import FOREVER, Span, without
from shared.contracts.vocabulary import ClockState

HORIZON_YEARS = 5
"""Nothing is reckoned further ahead than this from a clock's start."""

_ZERO = timedelta(0)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Timing:
    """What the arithmetic needs; `pauses` disjoint and in order, the last one without an end if it is open."""

    start: datetime
    target: timedelta
    calendar: Calendar
    pauses: tuple[Span, ...] = ()


def horizon(start: datetime) -> datetime:
    """The same date five years on (29 February: 1 March)."""
    try:
        return start.replace(year=start.year + HORIZON_YEARS)
    except ValueError:
        return start.replace(year=start.year + HORIZON_YEARS, month=3, day=1)


def running_spans(timing: Timing, until: datetime) -> Iterator[Span]:
    """When the clock runs, in [start, until)."""
    return without(timing.calendar.open_spans(Span(timing.start, until)), timing.pauses)


def elapsed(timing: Timing, at: datetime) -> timedelta:
    """Open time outside pauses in [start, at); nothing before the start."""
    if at <= timing.start:
        return _ZERO
    return sum((span.end - span.start for span in running_spans(timing, at)), _ZERO)


def instants_of(timing: Timing, amounts: Sequence[timedelta]) -> list[datetime | None]:
    """The earliest instants at which elapsed time reaches each of `amounts` (rising).

    None where that is never: behind an open pause, or beyond the horizon.
    """
    found: list[datetime | None] = [timing.start for amount in amounts if amount <= _ZERO]
    run = _ZERO
    for span in running_spans(timing, _last_instant(timing)):
        length = span.end - span.start
        while len(found) < len(amounts) and amounts[len(found)] <= run + length:
            found.append(span.start + (amounts[len(found)] - run))
        if len(found) == len(amounts):
            break
        run += length
    return found + [None] * (len(amounts) - len(found))


def _last_instant(timing: Timing) -> datetime:
    """Nothing runs behind an open pause: it is not walked to the horizon."""
    end = horizon(timing.start)
    if timing.pauses and timing.pauses[-1].end == FOREVER:
        end = min(end, timing.pauses[-1].start)
    return end


def levels_of(target: timedelta, percents: Sequence[int]) -> list[timedelta]:
    """The share of `target` for each percent, to the microsecond."""
    whole = target // _MICROSECOND  # as an integer: a long timedelta times a percent would overflow
    return [timedelta(microseconds=whole * percent // 100) for percent in percents]


def met(due: datetime | None, stop: datetime) -> bool:
    """Whether a stop at `stop` was in time: at or before due; a clock that cannot fall due is always met."""
    return due is None or stop <= due


def state_at(timing: Timing, due: datetime | None, *, now: datetime, stop: datetime | None) -> ClockState:
    """The state as seen at `now`; at `now == due` a clock still runs."""
    if stop is not None and stop <= now:
        return ClockState.MET if met(due, stop) else ClockState.BREACHED
    if due is not None and now > due:
        return ClockState.BREACHED
    return ClockState.PAUSED if any(pause.holds(now) for pause in timing.pauses) else ClockState.RUNNING
