"""The oracle: the same questions answered by walking second by second, sharing no code with the calculator.

A `Scene` is six days of one zone. Walking them once asks the zone at every second what the wall clock shows; from
that list alone follow which second is the first or the last to show a time, and where a gap ends. Open time is a
row of flags, one for each half second (offsets change on whole seconds, clocks start and stop between them), and
what has elapsed is how many of them are set.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LEAD_DAYS, DAYS = 3, 3
"""Days that are walked before the one that a scene is named for, for windows that opened earlier, and from it on."""
SECONDS = (LEAD_DAYS + DAYS) * 86_400
HALVES = 2 * SECONDS
HALF = timedelta(milliseconds=500)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall time, on purpose


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


@dataclass
class Scene:
    """Where and when: a zone, and the local date around which it is walked."""

    zone: str
    first: date

    @property
    def beginning(self) -> datetime:
        """The first second that is walked."""
        return datetime.combine(self.first, time(), UTC) - timedelta(days=LEAD_DAYS)

    def at(self, half: int) -> datetime:
        """The instant of a half second."""
        return self.beginning + half * HALF

    @cached_property
    def walls(self) -> "array[int]":
        """What the wall clock shows at each second, as seconds since 1970 on that clock."""
        zone, start = ZoneInfo(self.zone), int(self.beginning.timestamp())
        return array("q", (_shown(datetime.fromtimestamp(start + second, zone)) for second in range(SECONDS)))

    @cached_property
    def latest(self) -> int:
        """The latest time that is shown."""
        return max(self.walls)

    @cached_property
    def showing(self) -> dict[int, list[int]]:
        """The seconds that show each half minute."""
        found: dict[int, list[int]] = {}
        for second, shown in enumerate(self.walls):
            if shown % 30 == 0:
                found.setdefault(shown, []).append(second)
        return found

    def second_of(self, wall: datetime, *, last: bool) -> int:
        """The second that shows `wall`; where none does, the first one that shows a later time."""
        shown = _shown(wall)
        if shown not in self.showing:
            later = (second for second, other in enumerate(self.walls) if other > shown)
            self.showing[shown] = [next(later, SECONDS) if shown < self.latest else SECONDS]
        return self.showing[shown][-1 if last else 0]

    def open_halves(self, week: Week | None) -> bytearray:
        """1 for each half second that is open; None is always open."""
        if week is None:
            return bytearray(b"\1" * HALVES)
        halves = bytearray(HALVES)
        for offset in range(-LEAD_DAYS - 2, DAYS + 1):
            day = self.first + timedelta(days=offset)
            for hours in week.hours_on(day):
                opens, closes = _wall(day, hours.open), _wall(day, hours.close)
                if closes <= opens:
                    closes += timedelta(days=1)
                begin, end = 2 * self.second_of(opens, last=False), 2 * self.second_of(closes, last=True)
                halves[begin:end] = b"\1" * max(0, end - begin)
        return halves


def without(halves: bytearray, start: int, pauses: Iterable[tuple[int, int | None]]) -> bytearray:
    """Open half seconds from `start` on, without those of any pause."""
    left = bytearray(halves)
    left[:start] = bytes(start)
    for begin, end in pauses:
        stop = HALVES if end is None else end
        left[begin:stop] = bytes(max(0, stop - begin))
    return left


def reached(halves: bytearray, amount: int) -> int | None:
    """The half second at which so many have run; None if the walk ends before. Whole hours are counted at once."""
    run = 0
    for hour in range(0, HALVES, 7200):
        within = halves.count(1, hour, hour + 7200)
        if run + within >= amount:
            return _walked(halves, hour, amount - run)
        run += within
    return None


def _walked(halves: bytearray, half: int, amount: int) -> int:
    while amount:
        amount -= halves[half]
        half += 1
    return half


def _shown(local: datetime) -> int:
    delta = local.replace(tzinfo=None) - _EPOCH
    return delta.days * 86_400 + delta.seconds


def _wall(day: date, text: str) -> datetime:
    hour, minute, *second = (int(part) for part in text.split(":"))
    return datetime.combine(day, time()) + timedelta(hours=hour, minutes=minute, seconds=sum(second))
