"""Calendars: weekly windows of local wall time with closed dates and special hours.

The shape of `calendars` in sla.yaml, of `shifts` in roster.yaml and of `calendar` in an SLA preview.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from shared.config.base import CloseTime, ConfigModel, Date, Id, OpenTime, TimeZone, refuse

HORIZON_DAYS = 366


class Weekday(StrEnum):
    """Days of the week; `index` is Monday 0, as in `date.weekday()`."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"

    @property
    def number(self) -> int:
        """Monday 0 … Sunday 6."""
        return list(Weekday).index(self)


class WeeklyWindow(ConfigModel):
    """Open from `open` to `close` on these days; a close at or before open belongs to the next day."""

    days: tuple[Weekday, ...]
    open: OpenTime
    close: CloseTime

    @model_validator(mode="after")
    def _has_days(self) -> Self:
        if not self.days:
            refuse([(("days",), "no day is named; name at least one of mon, tue, wed, thu, fri, sat, sun")])
        return self


class SpecialHours(ConfigModel):
    """On `date` these hours hold instead of the weekly ones; several of one date are their union."""

    date: Date
    open: OpenTime
    close: CloseTime


class CalendarSpec(ConfigModel):
    """When it is open. Overlapping windows are their union; `holidays` is taken but not yet evaluated: use `closed`."""

    time_zone: TimeZone
    weekly: tuple[WeeklyWindow, ...] = ()
    closed: tuple[Date, ...] = ()
    special: tuple[SpecialHours, ...] = ()
    holidays: Id | None = None

    @model_validator(mode="after")
    def _no_date_is_both(self) -> Self:
        closed = set(self.closed)
        refuse(
            (("special", index), f"{hours.date} is both closed and special; keep it in one of the two")
            for index, hours in enumerate(self.special)
            if hours.date in closed
        )
        return self

    def opens_on(self, day: date) -> bool:
        """Whether any window opens on this local date."""
        if any(hours.date == day for hours in self.special):
            return True
        return day not in self.closed and any(day.weekday() == d.number for w in self.weekly for d in w.days)

    def opens_within(self, start: date, days: int = HORIZON_DAYS) -> bool:
        """Whether any window opens in the `days` after `start` (the day itself included)."""
        return any(self.opens_on(start + timedelta(days=offset)) for offset in range(days + 1))
