"""Business calendars: when a desk is open, as spans of UTC. Pure.

The rules are those of contract section 6 and semantics section 2. A window belongs to the local date on
which it opens. At a change of the zone's offset an opening time that occurs twice is the first, a closing
time the last; a local time that does not exist is the end of the gap it fell into.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from services.sla_monitor.spans import Span, clipped, merged
from shared.config.base import seconds_of
from shared.config.calendars import CalendarSpec
from shared.config.holidays import Holidays
from shared.local_time import first_instant, last_instant

EMPTY_AFTER = timedelta(days=366)
"""A calendar without open time for so long is refused."""

_DAY = timedelta(days=1)
_REMEMBERED_DAYS = 4_000


class Calendar(Protocol):
    """Anything that knows when time counts."""

    def open_spans(self, bounds: Span) -> Iterator[Span]:
        """The open time inside `bounds`: disjoint, in order, found as it is read."""


class Always:
    """24×7."""

    def open_spans(self, bounds: Span) -> Iterator[Span]:
        if bounds.start < bounds.end:
            yield bounds


ALWAYS = Always()


@dataclass(frozen=True, slots=True)
class Window:
    """Local opening and closing time, each since midnight of the opening date; 24 hours and more: a later date."""

    open: timedelta
    close: timedelta

    @classmethod
    def of(cls, opens: str, closes: str) -> "Window":
        """From `HH:MM` and `HH:MM` or `24:00`; a close at or before the open belongs to the next date."""
        start, end = seconds_of(opens), seconds_of(closes)
        return cls(timedelta(seconds=start), timedelta(seconds=end if end > start else end + 86_400))


@dataclass(frozen=True)
class OpenHours:
    """Weekly windows by weekday (Monday 0) in a zone; closed dates, holidays, dates with windows of their own."""

    zone: ZoneInfo
    weekly: Mapping[int, tuple[Window, ...]]
    closed: frozenset[date] = frozenset()
    special: Mapping[date, tuple[Window, ...]] = field(default_factory=dict)
    holidays: Holidays | None = None
    _days: dict[date, tuple[Span, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def open_spans(self, bounds: Span) -> Iterator[Span]:
        """The union of all windows inside `bounds`. Reads one date after the other, never beyond `bounds`."""
        return clipped(merged(self._windows_around(bounds)), bounds)

    def _windows_around(self, bounds: Span) -> Iterator[Span]:
        """Windows by opening instant, from two dates before (over midnight, over a skipped date) to one date after:
        where clocks go back over midnight, as St. John's did at 00:01, a date begins and then yesterday comes again."""
        day = bounds.start.astimezone(self.zone).date() - 2 * _DAY
        last = bounds.end.astimezone(self.zone).date() + _DAY
        while day <= last:
            yield from self._opening_on(day)
            day += _DAY

    def _opening_on(self, day: date) -> tuple[Span, ...]:
        """The spans of the windows that open on `day`, by their start."""
        known = self._days.get(day)
        if known is None:
            if len(self._days) >= _REMEMBERED_DAYS:
                self._days.clear()
            known = self._days[day] = tuple(sorted(self._span(day, window) for window in self._windows_of(day)))
        return known

    def _windows_of(self, day: date) -> tuple[Window, ...]:
        if day in self.closed:
            return ()
        if day in self.special:
            return self.special[day]
        if self.holidays is not None and day in self.holidays:
            return ()
        return self.weekly.get(day.weekday(), ())

    def _span(self, day: date, window: Window) -> Span:
        midnight = datetime.combine(day, datetime.min.time())
        return Span(
            first_instant(midnight + window.open, self.zone),
            last_instant(midnight + window.close, self.zone),
        )


def open_hours(spec: CalendarSpec, holidays: Holidays | None = None) -> OpenHours:
    """The calendar that `spec` describes; with the `holidays` that were kept with it, where they were."""
    if holidays is None and spec.holidays is not None:
        holidays = Holidays(spec.holidays)
    weekly: dict[int, list[Window]] = {}
    for window in spec.weekly:
        for day in window.days:
            weekly.setdefault(day.number, []).append(Window.of(window.open, window.close))
    special: dict[date, list[Window]] = {}
    for hours in spec.special:
        special.setdefault(hours.date, []).append(Window.of(hours.open, hours.close))
    return OpenHours(
        zone=ZoneInfo(spec.time_zone),
        weekly={number: tuple(windows) for number, windows in weekly.items()},
        closed=frozenset(spec.closed),
        special={day: tuple(windows) for day, windows in special.items()},
        holidays=holidays,
    )


def has_open_time(calendar: Calendar, start: datetime) -> bool:
    """Whether anything is open in the 366 days from `start`."""
    return next(iter(calendar.open_spans(Span(start, start + EMPTY_AFTER))), None) is not None
