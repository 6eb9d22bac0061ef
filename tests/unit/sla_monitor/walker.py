"""The oracle: the same questions answered by walking minute by minute, sharing no code with the calculator.

A `Scene` is a stretch of time in one zone. Walking it once tells for each minute what the wall clock shows;
from that list alone follow which minute is the first or the last to show a time, and where a gap ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WALKED_DAYS = 20
LEAD_DAYS = 4
"""Days before the start of a scene that are walked too, for windows that opened earlier."""


@dataclass(frozen=True)
class Hours:
    """An opening and a closing time as they are written."""

    open: str
    close: str


@dataclass(frozen=True)
class Week:
    """A calendar as it is written."""

    zone: str
    weekly: tuple[tuple[tuple[str, ...], Hours], ...] = ()
    closed: tuple[date, ...] = ()
    special: tuple[tuple[date, Hours], ...] = ()

    def hours_on(self, day: date) -> list[Hours]:
        if day in self.closed:
            return []
        own = [hours for at, hours in self.special if at == day]
        return own or [hours for days, hours in self.weekly if WEEKDAYS[day.weekday()] in days]


@lru_cache(maxsize=64)
def walls(zone: str, first: date) -> tuple[datetime, ...]:
    """What the wall clock shows in each minute from `LEAD_DAYS` before `first` on."""
    local = ZoneInfo(zone)
    start = beginning(first)
    return tuple(
        (start + minute * MINUTE).astimezone(local).replace(tzinfo=None)
        for minute in range((WALKED_DAYS + LEAD_DAYS) * 1440)
    )


def beginning(first: date) -> datetime:
    """The first minute that is walked."""
    return datetime.combine(first, time(), UTC) - timedelta(days=LEAD_DAYS)


@lru_cache(maxsize=64)
def showing(zone: str, first: date) -> dict[datetime, tuple[int, int]]:
    """The first and the last minute to show each time."""
    found: dict[datetime, tuple[int, int]] = {}
    for minute, wall in enumerate(walls(zone, first)):
        found[wall] = (found[wall][0] if wall in found else minute, minute)
    return found


def minute_of(zone: str, first: date, wall: datetime, *, last: bool) -> int:
    """The minute that shows `wall`; where none does, the first one that shows a later time."""
    shown = showing(zone, first).get(wall)
    if shown is not None:
        return shown[last]
    return next((m for m, other in enumerate(walls(zone, first)) if other > wall), len(walls(zone, first)))


def _wall(day: date, text: str) -> datetime:
    hour, minute = (int(part) for part in text.split(":"))
    return datetime.combine(day, time()) + timedelta(hours=hour, minutes=minute)


def open_minutes(week: Week | None, first: date) -> bytearray:
    """1 for each minute that is open; None is always open."""
    length = (WALKED_DAYS + LEAD_DAYS) * 1440
    if week is None:
        return bytearray(b"\1" * length)
    minutes = bytearray(length)
    for offset in range(-LEAD_DAYS, WALKED_DAYS - 2):
        day = first + timedelta(days=offset)
        for hours in week.hours_on(day):
            opens, closes = _wall(day, hours.open), _wall(day, hours.close)
            if closes <= opens:
                closes += timedelta(days=1)
            begin = minute_of(week.zone, first, opens, last=False)
            end = minute_of(week.zone, first, closes, last=True)
            minutes[begin:end] = b"\1" * max(0, end - begin)
    return minutes


def running_minutes(week: Week | None, first: date, start: int, pauses: Iterable[tuple[int, int | None]]) -> bytearray:
    """Open minutes from `start` on, without those of any pause."""
    minutes = open_minutes(week, first)
    minutes[:start] = bytes(start)
    for begin, end in pauses:
        stop = len(minutes) if end is None else end
        minutes[begin:stop] = bytes(max(0, stop - begin))
    return minutes


def reached(minutes: bytearray, amount: int) -> int | None:
    """The minute at which so many minutes have run; None if the walk ends before."""
    run = 0
    for minute, counts in enumerate(minutes):
        run += counts
        if run == amount:
            return minute + 1
    return None
