"""Specialists: what the roster says of each (fixed), and how each stands at this moment. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from services.router.language import Spoken, parse
from services.router.shifts import Always, Shift, Shifts, Weekly, Window
from shared.config.base import seconds_of
from shared.config.calendars import CalendarSpec
from shared.config.holidays import Holidays
from shared.config.roster import Specialist as Configured
from shared.config.taxonomy import ANY
from shared.contracts.vocabulary import Presence


@dataclass(frozen=True)
class Specialist:
    """One person of the roster; `policy_areas` None means any."""

    id: str
    name: str
    languages: tuple[Spoken, ...]
    regions: tuple[str, ...]
    policy_areas: frozenset[str] | None
    certifications: frozenset[str]
    capacity: int
    shifts: Shifts
    opt_outs: frozenset[str] = frozenset()
    affiliations: tuple[str, ...] = ()

    @classmethod
    def of(cls, configured: Configured) -> Self:
        """The specialist that roster.yaml describes."""
        return cls(
            id=configured.id,
            name=configured.name,
            languages=tuple(Spoken(parse(tag), level) for tag, level in configured.languages.items()),
            regions=configured.regions,
            policy_areas=None if ANY in configured.policy_areas else frozenset(configured.policy_areas),
            certifications=frozenset(configured.certifications),
            capacity=configured.capacity,
            shifts=shifts_of(configured.shifts),
            opt_outs=frozenset(configured.opt_outs),
            affiliations=configured.affiliations,
        )


@dataclass(frozen=True, slots=True)
class Status:
    """What is kept of a specialist: units in hand, presence (None: never said), idle since when."""

    load: int
    presence: Presence | None
    idle_since: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """Units that one live assignment takes, and when its handling is expected to end."""

    until: datetime
    units: int


@dataclass(slots=True)
class Standing:
    """How a specialist stands now. The matcher books what it decides here while a round goes on."""

    shift: Shift | None
    next_shift: Shift | None
    presence: Presence = Presence.AVAILABLE
    load: int = 0
    held: list[Held] = field(default_factory=list)
    idle_since: datetime | None = None

    def book(self, units: int, until: datetime) -> None:
        """Take a case on."""
        self.load += units
        self.held.append(Held(until, units))
        self.idle_since = None

    def idle(self, now: datetime) -> timedelta:
        """How long without any case, within the present shift."""
        if self.load or self.idle_since is None or self.shift is None:
            return timedelta(0)
        return max(timedelta(0), now - max(self.idle_since, self.shift.start))


def shifts_of(configured: str | CalendarSpec) -> Shifts:
    """The shifts that roster.yaml describes: `always`, or weekly windows in a time zone."""
    if not isinstance(configured, CalendarSpec):
        return Always()
    windows = (
        Window(frozenset(day.number for day in window.days), _wall(window.open), _wall(window.close))
        for window in configured.weekly
    )
    special: dict[object, list[tuple[timedelta, timedelta]]] = {}
    for hours in configured.special:
        special.setdefault(hours.date, []).append((_wall(hours.open), _wall(hours.close)))
    return Weekly(
        zone=ZoneInfo(configured.time_zone),
        windows=tuple(windows),
        closed=frozenset(configured.closed),
        special={day: tuple(spans) for day, spans in special.items()},  # type: ignore[misc]
        holidays=None if configured.holidays is None else Holidays(configured.holidays),
    )


def ids(specialists: Iterable[Specialist]) -> frozenset[str]:
    """Their ids."""
    return frozenset(specialist.id for specialist in specialists)


def _wall(text: str) -> timedelta:
    return timedelta(seconds=seconds_of(text))
