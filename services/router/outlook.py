"""How long a need must wait for somebody, rung by rung of the ladder. Pure.

Expected wait: none when somebody who matches is free, else until the earliest expected end among those who
match, else until their next shift, else for ever. People are asked in the order in which they could be
free at the earliest, so that the first few answer for all.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from services.router.eligibility import Reason, hindrances
from services.router.fits import Fitting
from services.router.relaxing import Rung
from services.router.specialist import Standing
from shared.contracts.vocabulary import Presence

Asked = Iterable[tuple[datetime, str, Standing, int]]
"""(the earliest conceivable instant, id, standing, capacity), in order; `NEVER` for who will not be free."""

NEVER = datetime.max.replace(tzinfo=UTC)


def earliest(standing: Standing, *, capacity: int, units: int, now: datetime) -> datetime:
    """Before this instant somebody cannot take on `units` more, whatever the case."""
    return min(_in_this_shift(standing, capacity, units, now) or NEVER, _in_the_next(standing) or NEVER)


def free_at(standing: Standing, *, capacity: int, units: int, handling: timedelta, now: datetime) -> datetime | None:
    """When somebody is expected to have time: now, when enough of their cases end, at their next shift, or never."""
    free = _in_this_shift(standing, capacity, units, now)
    if free is not None and standing.shift is not None and standing.shift.end - free >= handling:
        return free
    return _in_the_next(standing)


def on_shift_at(standing: Standing, handling: timedelta, now: datetime) -> datetime | None:
    """When somebody is on shift with time enough to handle a case, however busy; None: never."""
    if standing.shift is not None and standing.shift.end - now >= handling:
        return now
    return _in_the_next(standing)


def rungs(fitting: Fitting, asked: Asked, units: int, now: datetime) -> tuple[Rung, ...]:
    """One rung per step of the ladder and one before it."""
    found: list[tuple[datetime, Rung] | None] = [None] * (len(fitting.ladder) + 1)
    for at_the_earliest, name, standing, capacity in asked:
        if found[0] is not None and found[0][0] <= at_the_earliest:
            break
        if name not in fitting.allowed:
            continue
        misses = fitting.misses(name)
        place, handling = fitting.rungs[misses], fitting.handling[misses]
        free = free_at(standing, capacity=capacity, units=units, handling=handling, now=now)
        instant = free or NEVER
        before = found[place]
        if before is None or instant < before[0]:
            hindering = hindrances(standing, capacity=capacity, units=units, handling=handling, now=now)
            found[place] = instant, Rung(None if free is None else max(timedelta(0), free - now), decisive(hindering))
    return tuple(_cumulated(found))


def _cumulated(found: list[tuple[datetime, Rung] | None]) -> Iterable[Rung]:
    """Who matches on a lower rung matches on every higher one."""
    best: tuple[datetime, Rung] | None = None
    for one in found:
        if one is not None and (best is None or one[0] < best[0]):
            best = one
        yield best[1] if best else Rung()


_LASTING = (Reason.AT_CAPACITY, Reason.NOT_AVAILABLE, Reason.SHIFT_ENDS, Reason.OFF_SHIFT)
"""Hindrances, the one that passes first in front."""


def decisive(hindering: Iterable[Reason]) -> Reason | None:
    """Of all that stands in one person's way, what takes longest to pass."""
    return max(hindering, key=_LASTING.index, default=None)


def _in_this_shift(standing: Standing, capacity: int, units: int, now: datetime) -> datetime | None:
    """When enough of the cases in hand are expected to have ended; what is overdue ends now."""
    if standing.shift is None or standing.presence is not Presence.AVAILABLE:
        return None
    load = standing.load
    if load + units <= capacity:
        return now
    for held in sorted(standing.held, key=lambda one: one.until):
        load -= held.units
        if load + units <= capacity:
            return max(now, held.until)
    return None


def _in_the_next(standing: Standing) -> datetime | None:
    return standing.next_shift.start if standing.next_shift else None
