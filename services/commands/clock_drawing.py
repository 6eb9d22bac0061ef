"""Why a clock is due when it is, in a few lines that a lead can read: a strip of its time, and what it rests on.

In the strip `█` is time that counts, `▒` a pause, `·` time in which the calendar is closed.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from services.client import words
from shared.contracts.clock_explanation import ClockExplanation, ExplainedClock, PauseExplanation
from shared.contracts.vocabulary import ClockState

WIDTH = 48
COUNTS, PAUSED, CLOSED = "█", "▒", "·"
LEGEND = f"{COUNTS} counts, {PAUSED} paused, {CLOSED} closed"


def reasons(clock: ExplainedClock, now: datetime) -> list[str]:
    """The lines of one clock; none where its explanation could not be had."""
    why = clock.explanation
    return [] if why is None else [_strip_line(clock, why, now), *_sentences(clock, why)]


def strip(clock: ExplainedClock, why: ClockExplanation, end: datetime) -> str:
    """`WIDTH` equal parts from the start to `end`, each showing what holds in its middle."""
    part = (end - clock.started_at) / WIDTH
    return "".join(_sign(why, clock.started_at + part * (place + 0.5)) for place in range(WIDTH))


def _sign(why: ClockExplanation, at: datetime) -> str:
    if any(pause.start <= at and (pause.end is None or at < pause.end) for pause in why.pauses):
        return PAUSED
    counts = why.calendar is None or not why.open_complete or any(span.start <= at < span.end for span in why.open)
    return COUNTS if counts else CLOSED


def _strip_line(clock: ExplainedClock, why: ClockExplanation, now: datetime) -> str:
    end, what = _end(clock, now)
    return f"{_at(clock.started_at)} {strip(clock, why, end)} {what} {_at(end, clock.started_at)}"


def _end(clock: ExplainedClock, now: datetime) -> tuple[datetime, str]:
    """Where the strip ends: at due or at the stop, whichever is later; at now while a pause hides due."""
    ends = [(at, what) for at, what in ((clock.due_at, "due"), (clock.stopped_at, "stopped")) if at is not None]
    return max(ends, default=(max(now, clock.started_at), "now"))


def _sentences(clock: ExplainedClock, why: ClockExplanation) -> Iterator[str]:
    yield f"{words.length(why.target_seconds)} {_hours(why)}{_summed(why.pauses)}"
    for pause in why.pauses:
        yield f"paused {_at(pause.start, clock.started_at)} to {_pause_end(pause, clock.started_at)}: {_cost(pause)}"
    levels = [f"{t.percent} % {_level(t.at, t.fired_at, clock.started_at)}" for t in clock.thresholds]
    if levels and clock.state in (ClockState.RUNNING, ClockState.PAUSED):
        yield "warns at " + ", ".join(levels)
    yield _definition(why)


def _hours(why: ClockExplanation) -> str:
    if why.calendar is None:
        return "around the clock"
    parts = [*why.calendar.hours, why.calendar.time_zone]
    if why.calendar.holidays is not None:
        parts.append(f"without the holidays of {why.calendar.holidays}")
    return f"of open time in {words.plain(why.calendar.name)} ({', '.join(parts)})"


def _summed(pauses: tuple[PauseExplanation, ...]) -> str:
    total = sum(pause.open_seconds for pause in pauses)
    return f", and {words.length(total)} of pauses" if total else ""


def _cost(pause: PauseExplanation) -> str:
    if not pause.open_seconds:
        return "moves nothing, for nothing was open"
    return f"{words.length(pause.open_seconds)} that do not count" + (" so far" if pause.end is None else "")


def _pause_end(pause: PauseExplanation, beside: datetime) -> str:
    return "now" if pause.end is None else _at(pause.end, beside)


def _level(at: datetime | None, fired_at: datetime | None, beside: datetime) -> str:
    return "behind the pause" if at is None else _at(at, beside) + (" (told)" if fired_at is not None else "")


def _definition(why: ClockExplanation) -> str:
    law = why.definition
    parts = [f"{law.label}, version {law.version}"]
    if law.order:
        parts.append(f"order {words.plain(law.order)}")
    if law.basis:
        parts.append(f"{law.jurisdiction}: {words.plain(law.basis)}")
        parts.append(f"{words.plain(law.source or '')} (verified {law.verified_on}, certainty {law.certainty})")
    if law.suspended_by:
        parts.append(f"suspended by {', '.join(map(words.spaced, law.suspended_by))}")
    return "; ".join(parts)


def _at(instant: datetime, beside: datetime | None = None) -> str:
    """To the second in UTC; without its date where that is the one of `beside`."""
    utc = instant.astimezone(UTC)
    same = beside is not None and utc.date() == beside.astimezone(UTC).date()
    return utc.strftime("%H:%M:%SZ" if same else "%Y-%m-%d %H:%M:%SZ")
