"""The wall time at an instant, and the changes of the clocks within a span."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from shared.local_time import change_between, offset_at

FAR = datetime(9999, 12, 31, tzinfo=UTC)
"""Stands for "never" where an instant would lie beyond what `datetime` can hold."""


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


@lru_cache(maxsize=4096)
def _transitions_of(zone: ZoneInfo, year: int) -> tuple[tuple[datetime, timedelta, timedelta], ...]:
    """(instant, offset before, offset after) of each change in a UTC year; no zone changes twice in a day."""
    found = []
    low = datetime(year, 1, 1, tzinfo=UTC)
    stop = min(datetime(year, 12, 31, tzinfo=UTC) + timedelta(days=1), FAR) if year < FAR.year else FAR
    while low < stop:
        high = min(low + timedelta(days=1), stop)
        before, after = offset_at(low.astimezone(zone)), offset_at(high.astimezone(zone))
        if before != after:
            found.append((change_between(zone, low, high), before, after))
        low = high
    return tuple(found)
