"""Calendars: weekly windows of local wall time with closed dates and special hours.

The shape of `calendars` in sla.yaml, of `shifts` in roster.yaml and of `calendar` in an SLA preview.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from shared.config.base import CloseTime, ConfigModel, Date, OpenTime, TimeZone, refuse
from shared.config.holidays import Holidays, misspelt
from shared.contracts.scalars import SafeText

HORIZON_DAYS = 366
STORED = {"stored": True}
"""Validation context of definitions that were accepted before, perhaps by another version of the library."""


def _holiday_region(code: str, info: ValidationInfo) -> str:
    fault = None if info.context == STORED else misspelt(code)
    if fault is not None:
        raise ValueError(fault)
    return code


HolidayRegion = Annotated[SafeText, Field(max_length=100), AfterValidator(_holiday_region)]
"""`DE`, `DE-BE`: a country, or a part of one, that the library `holidays` knows."""


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
    """When it is open. Overlapping windows are their union; public holidays of the region `holidays` are closed."""

    time_zone: TimeZone
    weekly: tuple[WeeklyWindow, ...] = ()
    closed: tuple[Date, ...] = ()
    special: tuple[SpecialHours, ...] = ()
    holidays: HolidayRegion | None = None

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
        if day in self.closed or (self.holidays is not None and day in Holidays(self.holidays)):
            return False
        return any(day.weekday() == d.number for w in self.weekly for d in w.days)

    def opens_within(self, start: date, days: int = HORIZON_DAYS) -> bool:
        """Whether any window opens in the `days` after `start` (the day itself included)."""
        return any(self.opens_on(start + timedelta(days=offset)) for offset in range(days + 1))
