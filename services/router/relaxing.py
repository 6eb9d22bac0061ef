"""When a soft requirement is let go, and what a case waits for meanwhile. Pure.

A requirement is relaxed only when waiting for somebody who matches would miss the deadline: expected wait
for a match > slack, one rung of the ladder after the other. A match who is free is never passed over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.router.eligibility import Fit, Reason, hindrances
from services.router.specialist import Standing
from shared.contracts.scalars import format_duration
from shared.contracts.vocabulary import Requirement

_NOW = timedelta(0)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A requirement that was let go, and why, for people."""

    requirement: Requirement
    why: str


@dataclass(frozen=True, slots=True)
class Rung:
    """Those who match once the rungs below are relaxed: how long until one is free (None: never), and why not now."""

    wait: timedelta | None
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a need may hope for: one rung per step of the ladder and one before it.

    `on_shift` is the earliest instant at which anybody who passes the hard filters is on shift with time to
    handle the case; who is away or full counts. None: nobody, ever.
    """

    ladder: tuple[Requirement, ...]
    rungs: tuple[Rung, ...]
    on_shift: datetime | None

    def level(self, room: timedelta | None) -> int:
        """How many rungs a case with so much slack (None: no deadline) lets go."""
        for level, rung in enumerate(self.rungs):
            if not exceeds(rung.wait, room):
                return level
        return len(self.ladder)


def exceeds(wait: timedelta | None, room: timedelta | None) -> bool:
    """Whether waiting so long would miss the deadline. Somebody free is no wait; nobody ever is too long."""
    if wait is None:
        return True
    return wait > _NOW and room is not None and wait > room


def rung_of(misses: frozenset[Requirement], ladder: Sequence[Requirement]) -> int:
    """The number of rungs that must be relaxed before these misses are allowed."""
    return max((place + 1 for place, requirement in enumerate(ladder) if requirement in misses), default=0)


def free_at(fitting: Fit, standing: Standing, units: int, now: datetime) -> datetime | None:
    """When somebody is expected to have time: now, when enough of their cases end, at their next shift, or never."""
    if standing.shift is not None:
        hindering = hindrances(fitting, standing, units, now)
        if not hindering:
            return now
        if hindering == (Reason.AT_CAPACITY,):
            ends = _capacity_at(fitting.specialist.capacity, standing, units, now)
            if ends is not None and standing.shift.end - ends >= fitting.handling:
                return ends
    return standing.next_shift.start if standing.next_shift else None


def outlook(
    fits: Iterable[tuple[Fit, Standing]], ladder: tuple[Requirement, ...], units: int, now: datetime
) -> Outlook:
    """The outlook of a need over everybody whom nothing forbids for good."""
    waits: list[timedelta | None] = [None] * (len(ladder) + 1)
    reasons: list[Reason | None] = [None] * (len(ladder) + 1)
    starts: list[datetime] = []
    for fitting, standing in fits:
        level = rung_of(fitting.misses, ladder)
        free = free_at(fitting, standing, units, now)
        waits[level] = _sooner(waits[level], None if free is None else max(_NOW, free - now))
        reasons[level] = _nearer(reasons[level], _decisive(hindrances(fitting, standing, units, now)))
        starts += _on_shift(fitting, standing, now)
    for level in range(1, len(waits)):
        waits[level] = _sooner(waits[level], waits[level - 1])
        reasons[level] = _nearer(reasons[level], reasons[level - 1])
    return Outlook(ladder, tuple(map(Rung, waits, reasons)), min(starts, default=None))


def relaxations(
    view: Outlook, level: int, room: timedelta | None, misses: frozenset[Requirement]
) -> tuple[Relaxation, ...]:
    """What a pair with these `misses` gives up on the rungs up to `level`, with the reason for each."""
    return tuple(
        Relaxation(requirement, _why(requirement, view.rungs[place].wait, room))
        for place, requirement in enumerate(view.ladder[:level])
        if requirement in misses
    )


def _capacity_at(capacity: int, standing: Standing, units: int, now: datetime) -> datetime | None:
    """When enough of the cases in hand are expected to have ended; what is overdue ends now."""
    load = standing.load
    for held in sorted(standing.held, key=lambda one: one.until):
        load -= held.units
        if load + units <= capacity:
            return max(now, held.until)
    return None


def _on_shift(fitting: Fit, standing: Standing, now: datetime) -> list[datetime]:
    if standing.shift is not None and standing.shift.end - now >= fitting.handling:
        return [now]
    return [standing.next_shift.start] if standing.next_shift else []


def _sooner(one: timedelta | None, other: timedelta | None) -> timedelta | None:
    return min((wait for wait in (one, other) if wait is not None), default=None)


_NEAREST = (Reason.AT_CAPACITY, Reason.NOT_AVAILABLE, Reason.SHIFT_ENDS, Reason.OFF_SHIFT)
"""Hindrances, the one that is likely to pass first in front."""


def _decisive(hindering: Iterable[Reason]) -> Reason | None:
    """Of all that stands in one person's way, what takes longest to pass."""
    return max(hindering, key=_NEAREST.index, default=None)


def _nearer(one: Reason | None, other: Reason | None) -> Reason | None:
    """Of two people's hindrances the one that passes first."""
    return min((reason for reason in (one, other) if reason is not None), key=_NEAREST.index, default=None)


def _why(requirement: Requirement, wait: timedelta | None, room: timedelta | None) -> str:
    what = f"nobody who also matches the {requirement.value.replace('_', ' ')}"
    if wait is None:
        return f"{what} is expected at all"
    return f"{what} is expected for {_text(wait)}; the deadline leaves {_text(room)}"


def _text(length: timedelta | None) -> str:
    if length is None:
        return "no end"
    sign = "-" if length < _NOW else ""
    return sign + format_duration(abs(length) // _SECOND * _SECOND)
