"""The weekly windows to which a layer may be restricted, on the local calendar."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.notifier.oncall.local_time import wall_time
from services.notifier.oncall.spans import Span, union
from shared.local_time import first_instant, last_instant

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Window:
    """Opens on `weekday` (Monday is 0) and belongs to it; `close` lies after `open`, past 24 h when it crosses
    midnight. Both count from local midnight."""

    weekday: int
    open: timedelta
    close: timedelta

    @property
    def in_week(self) -> tuple[timedelta, timedelta]:
        """Open and close since Monday 00:00 of the week in which it opens."""
        return self.weekday * DAY + self.open, self.weekday * DAY + self.close


def open_spans(windows: Sequence[Window], zone: ZoneInfo, start: datetime, end: datetime) -> list[Span]:
    """The union of the windows within [start, end)."""
    found = (
        Span(
            max(start, first_instant(midnight + window.open, zone)),
            min(end, last_instant(midnight + window.close, zone)),
        )
        for midnight in _midnights(wall_time(start, zone).date() - 3 * DAY, wall_time(end, zone).date() + DAY)
        for window in windows
        if window.weekday == midnight.weekday()
    )
    return union(found)


def _midnights(first: date, last: date) -> Iterator[datetime]:
    for days in range((last - first).days + 1):
        yield datetime.combine(first + timedelta(days=days), datetime.min.time())
