"""Shifts: who is on shift at an instant, until when, and when the next shift starts.

Windows are local wall time; instants are UTC. A window that closes at or before it opens crosses midnight
and belongs to the day on which it opens. At a change of the clocks an `open` that occurs twice is the
first, a `close` the last; local times that do not exist are the end of the gap. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from shared.config.holidays import Holidays
from shared.local_time import first_instant, last_instant

HORIZON = timedelta(days=366)
"""How far ahead a next shift is looked for."""

_LONGEST = timedelta(days=8)
"""Shifts that touch are one; a roster without gaps ends its shift this far ahead, which is far enough."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """The half-open span [start, end) of one shift."""

    start: datetime
    end: datetime


class Shifts(Protocol):
    """When somebody works."""

    def at(self, instant: datetime) -> Shift | None:
        """The shift that holds `instant`, or None."""

    def after(self, instant: datetime) -> Shift | None:
        """The first shift that starts later than `instant`, or None within `HORIZON`."""


@dataclass(frozen=True)
class Always:
    """On shift at every hour."""

    def at(self, instant: datetime) -> Shift | None:  # noqa: ARG002 - the interface
        return Shift(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

    def after(self, instant: datetime) -> Shift | None:  # noqa: ARG002 - the interface
        return None


@dataclass(frozen=True)
class Window:
    """Open on `days` (0 is Monday) from `opens` to `closes`, both after local midnight (24:00 is a whole day)."""

    days: frozenset[int]
    opens: timedelta
    closes: timedelta


@dataclass(frozen=True)
class Weekly:
    """Windows that repeat each week in `zone`; `special` windows replace those of a date, `closed` and
    `holidays` remove them."""

    zone: ZoneInfo
    windows: tuple[Window, ...]
    closed: frozenset[date] = frozenset()
    special: dict[date, tuple[tuple[timedelta, timedelta], ...]] = field(default_factory=dict)
    holidays: Holidays | None = None

    def at(self, instant: datetime) -> Shift | None:
        for shift in self._from(instant):
            if shift.end > instant:
                return shift if shift.start <= instant else None
        return None

    def after(self, instant: datetime) -> Shift | None:
        return next((shift for shift in self._from(instant) if shift.start > instant), None)

    def _from(self, instant: datetime) -> Iterator[Shift]:
        """Shifts in order, beginning with any that may hold `instant`; those that touch are joined."""
        current: Shift | None = None
        for shift in self._single(instant):
            if current is None or shift.start > current.end:
                if current is not None:
                    yield current
                current = shift
            elif current.end - instant < _LONGEST:
                current = Shift(current.start, max(current.end, shift.end))
            else:
                break
        if current is not None:
            yield current

    def _single(self, instant: datetime) -> Iterator[Shift]:
        day = instant.astimezone(self.zone).date() - 2 * _DAY
        last = day + HORIZON + 2 * _DAY
        while day <= last:
            yield from self._on(day)
            day += _DAY

    def _on(self, day: date) -> list[Shift]:
        """The shifts that open on `day`."""
        if day in self.closed:
            return []
        spans = self.special.get(day)
        if spans is None and self.holidays is not None and day in self.holidays:
            return []
        if spans is None:
            spans = tuple((w.opens, w.closes) for w in self.windows if day.weekday() in w.days)
        shifts = (self._between(day, opens, closes) for opens, closes in spans)
        return sorted((s for s in shifts if s.end > s.start), key=lambda s: (s.start, s.end))

    def _between(self, day: date, opens: timedelta, closes: timedelta) -> Shift:
        until = closes if closes > opens else closes + _DAY
        midnight = datetime.combine(day, datetime.min.time())
        return Shift(first_instant(midnight + opens, self.zone), last_instant(midnight + until, self.zone))
