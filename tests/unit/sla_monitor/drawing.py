"""Random definitions of clocks around every odd change of the clocks, each told by one line that draws it again."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.sla_monitor.calendar import ALWAYS, Calendar, open_hours
from services.sla_monitor.clock import Timing
from services.sla_monitor.spans import FOREVER, Span, union
from shared.config.calendars import CalendarSpec
from tests.unit.sla_monitor.walker import DAYS, HALF, HALVES, LEAD_DAYS, WEEKDAYS, Hours, Scene, Week

SCENES = (
    ("Europe/Berlin", date(2026, 3, 29)),  # an hour goes at 02:00
    ("Europe/Berlin", date(2026, 10, 25)),  # and comes back at 03:00
    ("America/New_York", date(2026, 11, 1)),
    ("America/Havana", date(2026, 3, 8)),  # midnight does not exist
    ("America/Havana", date(2026, 11, 1)),  # midnight occurs twice
    ("Africa/Cairo", date(2026, 4, 24)),  # the last Friday of April begins at 01:00
    ("Africa/Cairo", date(2026, 10, 30)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour comes back
    ("Australia/Lord_Howe", date(2026, 10, 4)),  # and goes
    ("Pacific/Apia", date(2011, 12, 31)),  # 30 December was skipped
    ("Pacific/Kwajalein", date(1993, 8, 22)),  # so was 21 August
    ("America/St_Johns", date(2006, 10, 29)),  # clocks went back at one minute past midnight
    ("Asia/Kathmandu", date(2028, 2, 29)),  # nothing but a leap day, at +05:45
)
QUARTERS = tuple(f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in range(96))
NIGHT = ("00:00", "00:01", "00:30", "01:00", "01:30", "01:45", "02:00", "02:15", "02:30", "02:59:30", "03:00", "23:30")


@dataclass(frozen=True)
class Drawn:
    """One clock; instants in half seconds of the walk, `target` and `part` (of it) in half seconds of open time."""

    scene: Scene
    week: Week | None
    start: int
    target: int
    part: int
    pauses: tuple[tuple[int, int | None], ...]
    now: int

    @property
    def spec(self) -> dict[str, Any] | None:
        """The calendar as configuration writes it."""
        if self.week is None:
            return None
        return {
            "time_zone": self.week.zone,
            "weekly": [{"days": list(days), "open": h.open, "close": h.close} for days, h in self.week.weekly],
            "closed": [day.isoformat() for day in self.week.closed],
            "special": [{"date": d.isoformat(), "open": h.open, "close": h.close} for d, h in self.week.special],
        }

    @property
    def calendar(self) -> Calendar:
        return ALWAYS if self.spec is None else open_hours(CalendarSpec.model_validate(self.spec))

    @property
    def timing(self) -> Timing:
        at = self.scene.at
        pauses = (Span(at(begin), FOREVER if end is None else at(end)) for begin, end in self.pauses)
        return Timing(at(self.start), self.target * HALF, self.calendar, union(pauses))


def definitions(scene: Scene, count: int, seed: int) -> Iterator[Drawn]:
    """So many of one scene; the same for the same seed."""
    for number in range(count):
        yield draw(scene, random.Random(f"{seed}/{scene.zone}/{scene.first}/{number}"))


def draw(scene: Scene, chance: random.Random) -> Drawn:
    """One definition: mostly a calendar, mostly near the change of the clocks."""
    week = None if chance.random() < 0.05 else _week(scene, chance)
    start = _instant(chance)
    target = chance.choice((chance.randint(1, 20), chance.randint(1, 7200), chance.randint(1, 60 * 7200)))
    if chance.random() < 0.3:
        target = max(1, target // 1800) * 1800  # quarters of an hour, so that windows are filled exactly
    pauses = tuple(_pause(chance) for _ in range(chance.choice((0, 0, 1, 2, 4))))
    return Drawn(scene, week, start, target, chance.randint(1, target), pauses, _instant(chance))


def _week(scene: Scene, chance: random.Random) -> Week:
    dates = [scene.first + timedelta(days=offset) for offset in range(-2, DAYS)]
    closed = tuple(chance.sample(dates, chance.choice((0, 0, 1, 2))))
    special = tuple((day, _hours(chance)) for day in chance.choices(dates, k=chance.choice((0, 0, 1, 2))))
    weekly = tuple(
        (tuple(chance.sample(WEEKDAYS, chance.randint(1, 7))), _hours(chance)) for _ in range(chance.randint(0, 3))
    )
    return Week(scene.zone, weekly, closed, tuple((day, own) for day, own in special if day not in closed))


def _hours(chance: random.Random) -> Hours:
    times = NIGHT if chance.random() < 0.5 else QUARTERS
    return Hours(chance.choice(times), chance.choice((*times, "24:00")))


def _instant(chance: random.Random) -> int:
    """A half second; often on a quarter of an hour, where windows open and close."""
    half = chance.randrange((LEAD_DAYS - 1) * 172_800, HALVES - 172_800)
    return half // 1800 * 1800 if chance.random() < 0.3 else half


def _pause(chance: random.Random) -> tuple[int, int | None]:
    begin = _instant(chance)
    return begin, chance.choice((None, begin, begin + 1, begin + chance.randint(1, 7200), begin + 172_800))
