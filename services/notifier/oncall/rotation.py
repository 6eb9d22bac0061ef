"""Which turn of a rotation an instant falls into, in closed form.

Turn k begins k x length whole units after the anchor on the local calendar. Days and weeks keep their wall
time, so a week has 167 or 169 hours at a change; hours step on wall time; months are counted from the
anchor and clamp to the month's last day. Turns that daylight saving leaves without length never hold.
"""

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.notifier.oncall.local_time import FAR, wall_time
from shared.config.schedules import RotationUnit as Unit
from shared.local_time import first_instant

UNIT_LENGTH = {Unit.HOUR: timedelta(hours=1), Unit.DAY: timedelta(days=1), Unit.WEEK: timedelta(weeks=1)}
"""On the wall clock; a month has no fixed length."""


@dataclass(frozen=True)
class Rotation:
    """Turns of `length` units from `anchor`, a naive wall time in `zone`."""

    unit: Unit
    length: int
    anchor: datetime
    zone: ZoneInfo


def turn_wall(rotation: Rotation, k: int) -> datetime:
    """The wall time at which turn k begins; `OverflowError` beyond the calendar."""
    if rotation.unit is Unit.MONTH:
        return _add_months(rotation.anchor, k * rotation.length)
    return rotation.anchor + k * rotation.length * UNIT_LENGTH[rotation.unit]


def turn_start(rotation: Rotation, k: int) -> datetime:
    """The instant (UTC) at which turn k begins, `FAR` when that is beyond the calendar."""
    try:
        return first_instant(turn_wall(rotation, k), rotation.zone)
    except (OverflowError, ValueError):
        return FAR


def turn_at(rotation: Rotation, instant: datetime) -> int | None:
    """The turn that holds `instant` (half open: at a handoff the new one); None before the anchor."""
    k = wall_turn(rotation, wall_time(instant, rotation.zone))
    while turn_start(rotation, k + 1) <= instant:
        k += 1
    while k >= 0 and turn_start(rotation, k) > instant:
        k -= 1
    return k if k >= 0 else None


def wall_turn(rotation: Rotation, wall: datetime) -> int:
    """The turn of a wall time on the calendar alone; negative before the anchor."""
    return _units(rotation, wall) // rotation.length


def _units(rotation: Rotation, wall: datetime) -> int:
    anchor = rotation.anchor
    if rotation.unit is not Unit.MONTH:
        return (wall - anchor) // UNIT_LENGTH[rotation.unit]
    months = (wall.year - anchor.year) * 12 + wall.month - anchor.month
    return months if _add_months(anchor, months) <= wall else months - 1


def _add_months(anchor: datetime, months: int) -> datetime:
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    if not 1 <= year < FAR.year:
        raise OverflowError("beyond the calendar")
    return anchor.replace(year=year, month=month + 1, day=min(anchor.day, calendar.monthrange(year, month + 1)[1]))
