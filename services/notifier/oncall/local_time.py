"""Local wall time to instants, with the rules for daylight saving written down.

A wall time that does not exist is the end of the gap. One that occurs twice is its first occurrence as a
start and its last as an end: coverage before exclusivity.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

FAR = datetime(9999, 12, 31, tzinfo=UTC)
"""Stands for "never" where an instant would lie beyond what `datetime` can hold."""

_SECOND = timedelta(seconds=1)


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) of a naive wall time that starts something."""
    return _instant(wall, zone, last=False)


def last_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) of a naive wall time that ends something."""
    return _instant(wall, zone, last=True)


def wall_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """The naive wall time at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None)


def transitions(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The wall-time span, lower edge first, that each change of offset in [start, end) skips or repeats."""
    for year in range(start.year, end.year + 1):
        for instant, before, after in _transitions_of(zone, year):
            if start <= instant < end:
                walls = [(instant + offset).replace(tzinfo=None) for offset in (before, after)]
                yield min(walls), max(walls)


def _instant(wall: datetime, zone: ZoneInfo, *, last: bool) -> datetime:
    early, late = (_offset(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    utc = wall.replace(tzinfo=UTC)
    if late > early:
        return _change(zone, utc - late, utc - early)
    return utc - (late if last else early)


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The one instant in (low, high] at which the zone's offset becomes that of `high`."""
    after = _offset(high.astimezone(zone))
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        if _offset(middle.astimezone(zone)) == after:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)


def _offset(local: datetime) -> timedelta:
    offset = local.utcoffset()
    assert offset is not None
    return offset


@lru_cache(maxsize=4096)
def _transitions_of(zone: ZoneInfo, year: int) -> tuple[tuple[datetime, timedelta, timedelta], ...]:
    """(instant, offset before, offset after) of each change in a UTC year; no zone changes twice in a day."""
    found = []
    low = datetime(year, 1, 1, tzinfo=UTC)
    stop = min(datetime(year, 12, 31, tzinfo=UTC) + timedelta(days=1), FAR) if year < FAR.year else FAR
    while low < stop:
        high = min(low + timedelta(days=1), stop)
        before, after = _offset(low.astimezone(zone)), _offset(high.astimezone(zone))
        if before != after:
            found.append((_change(zone, low, high), before, after))
        low = high
    return tuple(found)
