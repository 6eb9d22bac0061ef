"""What a case's open clocks become under the rules in force, and how that differs from what they were. Pure.

Definitions are pinned when a clock starts; only this lets a running clock go on under others. What has ended keeps
its version. A regulatory clock moves when its own definition or calendar does, never with the time zone database.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.sla_monitor.casework import CaseFile, Desk, Review, review
from services.sla_monitor.definitions import Rules
from services.sla_monitor.evaluation import RETARGET, Key
from services.sla_monitor.settlement import OPEN, Clock
from shared.contracts.vocabulary import ClockKind, ClockState


class Why(StrEnum):
    """What makes a clock due at another instant."""

    DEFINITION = "definition"
    CALENDAR = "calendar"
    HOLIDAYS = "holidays"
    TIME_ZONE_DATA = "time_zone_data"


@dataclass(frozen=True, slots=True)
class Change:
    """One clock before and after; None where there was, or is, none."""

    case_id: UUID
    clock_id: UUID
    name: str
    cycle: int
    kind: ClockKind
    from_version: str | None
    to_version: str
    from_target: timedelta | None
    to_target: timedelta
    from_due: datetime | None
    to_due: datetime | None
    to_state: ClockState
    why: tuple[Why, ...]


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A case as it is to be written, and what of it a person wants to know."""

    review: Review
    changes: tuple[Change, ...]


Recompute = Callable[[CaseFile, Desk, datetime], Recomputed]


def under_latest(case: CaseFile, desk: Desk, now: datetime) -> Recomputed:
    """The case pinned to the rules in force, with every open clock that these touch."""
    version = desk.latest.version
    clocks = tuple(replace(clock, version=version) if _touched(clock, desk) else clock for clock in case.clocks)
    return _compared(case, review(replace(case, pinned=version, clocks=clocks), desk, now=now), desk, now)


def under_own(case: CaseFile, desk: Desk, now: datetime) -> Recomputed:
    """The case by its own definitions, read with the time zone database of this process."""
    return _compared(case, review(case, desk, now=now), desk, now)


def _touched(clock: Clock, desk: Desk) -> bool:
    if clock.state not in OPEN:
        return False
    if clock.kind is ClockKind.INTERNAL and clock.key.name not in desk.rules(clock.version).by_id:
        return True
    own, latest = desk.rules(clock.version), desk.latest
    if clock.key.reference and clock.key.name not in latest.by_id:
        return False  # what an order started is never cancelled
    return own.by_id.get(clock.key.name) != latest.by_id.get(clock.key.name) or _calendars_differ(clock, own, latest)


def _calendars_differ(clock: Clock, own: Rules, other: Rules) -> bool:
    name = clock.terms.calendar
    return name is not None and own.calendars.get(name) != other.calendars.get(name)


def _compared(case: CaseFile, done: Review, desk: Desk, now: datetime) -> Recomputed:
    known = {clock.key: clock for clock in case.clocks}
    clocks = tuple(_late(known.get(clock.key), clock, now) for clock in done.case.clocks)
    changed = tuple(clock for clock in clocks if known.get(clock.key) != clock)
    changes = tuple(_changes(known, changed, desk))
    return Recomputed(Review(replace(done.case, clocks=clocks), changed, done.steps), changes)


def _late(before: Clock | None, after: Clock, now: datetime) -> Clock:
    """A clock that only the recomputation made late says so when it breaches."""
    if before is None or after.state not in OPEN or after.due_at in (None, before.due_at):
        return after
    return replace(after, cause=RETARGET) if after.due_at is not None and after.due_at < now else after


def _changes(known: Mapping[Key, Clock], changed: Iterable[Clock], desk: Desk) -> Iterator[Change]:
    for after in changed:
        before = known.get(after.key)
        if before is not None and not _differs(before, after):
            continue
        yield Change(
            case_id=after.case_id,
            clock_id=after.clock_id,
            name=after.key.name,
            cycle=after.key.cycle,
            kind=after.kind,
            from_version=None if before is None else before.version,
            to_version=after.version,
            from_target=None if before is None else before.terms.target,
            to_target=after.terms.target,
            from_due=None if before is None else before.due_at,
            to_due=after.due_at,
            to_state=after.state,
            why=_why(before, after, desk),
        )


def _differs(before: Clock, after: Clock) -> bool:
    cancelled = after.state is ClockState.CANCELLED and before.state is not after.state
    return cancelled or (before.due_at, before.terms.target) != (after.due_at, after.terms.target)


def _why(before: Clock | None, after: Clock, desk: Desk) -> tuple[Why, ...]:
    if before is None or before.terms != after.terms or after.state is ClockState.CANCELLED:
        return (Why.DEFINITION,)
    old, new, name = desk.rules(before.version), desk.rules(after.version), after.terms.calendar
    if name is None:
        return (Why.DEFINITION,)
    same = old.specs.get(name) == new.specs.get(name)
    found = (
        (Why.CALENDAR, not same),
        (Why.HOLIDAYS, same and old.calendars.get(name) != new.calendars.get(name)),
        (Why.TIME_ZONE_DATA, before.zone_data != after.zone_data),
    )
    return tuple(why for why, so in found if so) or (Why.DEFINITION,)
