"""One case looked at as a whole: all its clocks brought to what its facts say, and what is to be told. Pure.

Both the events that come in and the timers that fall due end here, so that there is one way in which a clock
changes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.sla_monitor.definitions import Rules
from services.sla_monitor.evaluation import Course, Key
from services.sla_monitor.facts import Facts
from services.sla_monitor.hearing import completed
from services.sla_monitor.judgement import Judgement, judge
from services.sla_monitor.legal import Book
from services.sla_monitor.settlement import OPEN, Clock, Evidence, Settled, Step, StepKind, settle
from shared.contracts.events import CaseSummary
from shared.contracts.vocabulary import ClockState


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case as it is stored. `seq` counts our events of it; `pinned` is the version it is judged by."""

    case_id: UUID
    partition: int
    seq: int
    summary: CaseSummary
    facts: Facts
    pinned: str | None = None
    waiting: str | None = None
    clocks: tuple[Clock, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """What a review works with: rules by version, those in force, ids for new clocks."""

    rules: Callable[[str], Rules]
    latest: Rules
    new_id: Callable[[], UUID]


@dataclass(frozen=True, slots=True)
class Review:
    """The case afterwards, which of its clocks changed, and what is told of them in order."""

    case: CaseFile
    changed: tuple[Clock, ...]
    steps: tuple[Step, ...]


def review(case: CaseFile, desk: Desk, *, now: datetime, evidence: Evidence | None = None) -> Review:
    """Judge the case; with `evidence` also fire what is due. Nothing happens before intake was heard."""
    if not case.facts.opened:
        return Review(case, (), ())
    case = case if case.pinned is not None else replace(case, pinned=desk.latest.version)
    judgement, courses = _judged(case, desk)
    known = {clock.key: clock for clock in case.clocks}
    settled = []
    for course in courses:
        before = known.get(course.key)
        ids = (case.case_id, desk.new_id() if before is None else before.clock_id)
        settled.append(settle(before, course, ids=ids, now=now, evidence=evidence))
    settled += _dropped(case, {course.key for course in courses}, now)
    after = {**known, **{one.clock.key: one.clock for one in settled}}
    changed = tuple(clock for key, clock in after.items() if known.get(key) != clock)
    steps = tuple(step for one in settled for step in one.steps)
    case = replace(case, clocks=tuple(after.values()), waiting=judgement.waiting)
    return Review(case, changed, steps)


def _judged(case: CaseFile, desk: Desk) -> tuple[Judgement, list[Course]]:
    """What the case is pinned to says, and its courses: each clock goes on under the version it has."""
    facts, pinned = completed(case.facts, case.summary), str(case.pinned)
    judgement = judge(facts, _book(case, desk, pinned))
    courses = {course.key: course for course in judgement.courses}
    for version in {clock.version for clock in case.clocks if not clock.key.reference} - {pinned}:
        own = {clock.key for clock in case.clocks if clock.version == version}
        earlier = judge(facts, _book(case, desk, version)).courses
        courses |= {course.key: course for course in earlier if course.key in own}
    return judgement, list(courses.values())


def _book(case: CaseFile, desk: Desk, version: str) -> Book:
    pinned = desk.rules(version)
    orders = {(c.key.name, c.key.reference): desk.rules(c.version) for c in case.clocks if c.key.reference}
    return Book(pinned=pinned, latest=desk.latest, pinned_orders=orders)


def _dropped(case: CaseFile, kept: set[Key], now: datetime) -> list[Settled]:
    """Open clocks that an earlier fact, heard late, leaves no place for."""
    found = []
    for clock in case.clocks:
        if clock.key not in kept and clock.state in OPEN:
            ended = replace(
                clock, state=ClockState.CANCELLED, stopped_at=now, next_at=None, version=case.pinned or clock.version
            )
            found.append(Settled(ended, (Step(StepKind.CANCELLED, now, ended),)))
    return found
