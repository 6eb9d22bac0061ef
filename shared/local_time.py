"""Local wall time to instants of UTC, with the rules for changes of the clocks written down. Pure.

A wall time that does not exist is the end of the gap it fell into. One that occurs twice is its first occurrence
where something starts and its last where something ends: coverage before exclusivity. Calendars of clocks, shifts
of specialists and rotations of responders all rest on these.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) of a naive wall time that starts something."""
    return _instant(wall, zone, last=False)


def last_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) of a naive wall time that ends something."""
    return _instant(wall, zone, last=True)


def change_between(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The one instant in (low, high] at which the zone's offset becomes that of `high`, to the second."""
    low, high = low.replace(microsecond=0), high.replace(microsecond=0)
    after = offset_at(high.astimezone(zone))
    while high - low > _SECOND:
        middle = (low + (high - low) // 2).replace(microsecond=0)
        if offset_at(middle.astimezone(zone)) == after:
            high = middle
        else:
            low = middle
    return high


def offset_at(local: datetime) -> timedelta:
    """The offset from UTC of an aware datetime."""
    offset = local.utcoffset()
    assert offset is not None
    return offset


def _instant(wall: datetime, zone: ZoneInfo, *, last: bool) -> datetime:
    """By PEP 495: in a gap fold 1 has the greater offset, that behind the jump."""
    early, late = (offset_at(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    utc = wall.replace(tzinfo=UTC)
    if late > early:
        return change_between(zone, utc - late, utc - early)
    return utc - (late if last else early)
