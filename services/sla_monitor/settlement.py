"""From what is stored of a clock and what the facts say of it to its next state and what is told of it. Pure.

A breach and a warning fire only behind the evidence (`Evidence`), never while an event is merely taken: a stop
may be on its way. A breach stands until a stop that happened in time rescinds it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.sla_monitor.clock import Timing, met
from services.sla_monitor.definitions import Rules, Terms
from services.sla_monitor.evaluation import Course, Key, Level
from services.sla_monitor.spans import FOREVER, Span
from shared.contracts.vocabulary import ClockKind, ClockState, EvidenceState

OPEN = (ClockState.RUNNING, ClockState.PAUSED)
ALL_WARNED = 100


class StepKind(StrEnum):
    """What happened to a clock; each is an event type."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    RETARGETED = "retargeted"
    WARNED = "warned"
    MET = "met"
    BREACHED = "breached"
    STOPPED = "stopped"
    RESCINDED = "rescinded"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A warning level: when elapsed time reaches it, and when it was told."""

    percent: int
    at: datetime | None
    fired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock as it is stored. `warned` is the highest percent told or skipped; `next_at` the one timer it has."""

    clock_id: UUID
    case_id: UUID
    key: Key
    kind: ClockKind
    version: str
    state: ClockState
    started_at: datetime
    terms: Terms
    due_at: datetime | None
    pauses: tuple[Span, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    stopped_at: datetime | None = None
    breached_at: datetime | None = None
    cause: str | None = None
    evidence: EvidenceState = EvidenceState.COMPLETE
    warned: int = 0
    next_at: datetime | None = None
    revision: int = 0
    zone_data: str | None = None

    def timing(self, rules: Rules) -> Timing:
        """Its arithmetic, under the rules of its own version."""
        return Timing(self.started_at, self.terms.target, rules.calendar(self.terms.calendar), self.pauses)


@dataclass(frozen=True, slots=True)
class Evidence:
    """How far everything that could stop a clock has been read.

    What falls due up to `complete` is certain; up to `limit` (never less) it fires all the same, as lagging.
    """

    complete: datetime
    limit: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to tell of a clock, with the clock as it was then."""

    kind: StepKind
    at: datetime
    clock: Clock
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The clock as it is now, and what led there; no step and the same clock: nothing changed."""

    clock: Clock
    steps: tuple[Step, ...]


def settle(
    before: Clock | None, course: Course, *, ids: tuple[UUID, UUID], now: datetime, evidence: Evidence | None = None
) -> Settled:
    """Bring one clock to what `course` says; fire what is due when there is `evidence`.

    `ids` are the case's and the one for the clock if it is new.
    """
    course = _held(before, course, now)
    told = _as_told(before, course, ids)
    state = _state(before, course, now)
    after = _with_state(told, course, state)
    if before is not None and (before.state, before.due_at) == (after.state, after.due_at):
        after = replace(after, cause=before.cause)  # of a recomputation that made it late
    steps = _transition(before, after, course, now)
    if evidence is not None and after.state in OPEN:
        after, fired = _fire(after, course, now=now, evidence=evidence)
        steps += fired
    after = replace(after, next_at=_next_at(after, course))
    return Settled(after, tuple(steps))


def _held(before: Clock | None, course: Course, now: datetime) -> Course:
    """When nothing but the time zone database changed, only a business deadline that lies ahead moves."""
    if before is None or before.zone_data == course.zone_data:
        return course
    ahead = before.state in OPEN and (before.due_at is None or before.due_at > now)
    if (ahead and course.kind is ClockKind.INTERNAL) or (
        before.version,
        before.started_at,
        before.terms,
        before.pauses,
    ) != (course.rules.version, course.started_at, course.terms, course.pauses):
        return course
    levels = tuple(Level(known.percent, known.at) for known in before.thresholds)
    return replace(course, due_at=before.due_at, levels=levels, zone_data=before.zone_data)


def _as_told(before: Clock | None, course: Course, ids: tuple[UUID, UUID]) -> Clock:
    """The clock with the times of `course` and the memory of `before`."""
    told = {} if before is None else {known.percent: known.fired_at for known in before.thresholds}
    thresholds = tuple(Threshold(level.percent, level.at, told.get(level.percent)) for level in course.levels)
    if before is not None:
        return replace(
            before,
            version=course.rules.version,
            zone_data=course.zone_data,
            started_at=course.started_at,
            terms=course.terms,
            due_at=course.due_at,
            pauses=course.pauses,
            thresholds=thresholds,
        )
    return Clock(
        clock_id=ids[1],
        case_id=ids[0],
        key=course.key,
        kind=course.kind,
        version=course.rules.version,
        state=ClockState.RUNNING,
        started_at=course.started_at,
        terms=course.terms,
        due_at=course.due_at,
        pauses=course.pauses,
        thresholds=thresholds,
        zone_data=course.zone_data,
    )


def _state(before: Clock | None, course: Course, now: datetime) -> ClockState:
    known = None if before is None else before.state
    if course.stop is not None and met(course.due_at, course.stop):
        return ClockState.RESCINDED if known in (ClockState.BREACHED, ClockState.RESCINDED) else ClockState.MET
    if before is not None and known is ClockState.BREACHED and _stands(before, course, now):
        return ClockState.BREACHED
    if course.cancelled_at is not None and (course.due_at is None or course.due_at >= course.cancelled_at):
        return ClockState.CANCELLED
    paused = bool(course.pauses) and course.pauses[-1].end == FOREVER
    return ClockState.PAUSED if paused else ClockState.RUNNING


def _stands(before: Clock, course: Course, now: datetime) -> bool:
    """Whether a breach is still one: not for an instance whose clock is behind, only if due has moved ahead."""
    if course.due_at is None:
        return False
    return course.due_at <= now or (before.breached_at is not None and course.due_at <= before.breached_at)


def _with_state(clock: Clock, course: Course, state: ClockState) -> Clock:
    if state in OPEN:
        warned = max((t.percent for t in clock.thresholds if t.fired_at is not None), default=0)
        warned = warned if clock.warned == ALL_WARNED else clock.warned
        return replace(clock, state=state, stopped_at=None, breached_at=None, cause=None, warned=warned)
    ended = course.stop if course.stop is not None else course.cancelled_at
    breached_at = clock.due_at if state is ClockState.BREACHED else clock.breached_at
    return replace(clock, state=state, stopped_at=ended, breached_at=breached_at)


def _transition(before: Clock | None, after: Clock, course: Course, now: datetime) -> list[Step]:
    """What is told when a clock goes from `before` to `after` by facts alone."""
    steps: list[Step] = []
    if before is None:
        fresh = replace(after, state=ClockState.RUNNING, stopped_at=None)
        steps.append(Step(StepKind.STARTED, course.started_at, fresh))
    elif before.state in OPEN and before.terms != after.terms and after.state in OPEN:
        steps.append(Step(StepKind.RETARGETED, course.retargeted_at or now, after))
    known = ClockState.RUNNING if before is None else before.state
    if known is not after.state:
        steps.append(_arrival(known, after, now))
    elif known is ClockState.RUNNING and before is not None and not steps and before.due_at != after.due_at:
        steps.append(_moved(before, after, now))
    if before is not None and known is ClockState.BREACHED and after.state is known:
        steps += _ending(before, after, course)
    if before is not None and known is after.state and _ended_anew(before, after):
        steps.append(Step(StepKind(after.state), after.stopped_at or now, after))
    return steps


def _ended_anew(before: Clock, after: Clock) -> bool:
    """Reopened and ended again between two looks: the state is as it was, and its end, and perhaps its due, is not."""
    if after.state in (*OPEN, ClockState.BREACHED) or before.stopped_at is None or after.stopped_at is None:
        return False
    return before.stopped_at < after.stopped_at


def _moved(before: Clock, after: Clock, now: datetime) -> Step:
    """A running clock is due at another instant: by a pause heard late, or by what its calendar rests on."""
    if before.pauses == after.pauses:
        return Step(StepKind.RETARGETED, now, after)
    return Step(StepKind.RESUMED, after.pauses[-1].end if after.pauses else now, after)


def _arrival(known: ClockState, after: Clock, now: datetime) -> Step:
    """The step into a state that the facts alone lead to."""
    if known is ClockState.BREACHED:
        return Step(StepKind.RESCINDED, now, after)
    if after.state is ClockState.MET:
        return Step(StepKind.MET, after.stopped_at or now, after)
    if after.state is ClockState.CANCELLED:
        return Step(StepKind.CANCELLED, after.stopped_at or now, after)
    if after.state is ClockState.PAUSED:
        return Step(StepKind.PAUSED, after.pauses[-1].start, after)
    return Step(StepKind.RESUMED, after.pauses[-1].end if after.pauses else now, after)


def _ending(before: Clock, after: Clock, course: Course) -> list[Step]:
    """A clock that stays breached came to its end, or the instant of its end is known better."""
    if after.stopped_at is None or after.stopped_at == before.stopped_at:
        return []
    kind = StepKind.STOPPED if course.stop is not None else StepKind.CANCELLED
    return [Step(kind, after.stopped_at, after)]


def _fire(clock: Clock, course: Course, *, now: datetime, evidence: Evidence) -> tuple[Clock, list[Step]]:
    if clock.due_at is not None and clock.due_at <= evidence.limit:
        return _breach(clock, course, evidence)
    if clock.state is ClockState.PAUSED or course.stop is not None:
        return clock, []
    passed = [t for t in clock.thresholds if t.percent > clock.warned and t.at is not None and t.at <= evidence.limit]
    return _warn(clock, passed[-1], now=now) if passed else (clock, [])


def _breach(clock: Clock, course: Course, evidence: Evidence) -> tuple[Clock, list[Step]]:
    """The breach, and its end where that is known already; levels below are skipped silently."""
    assert clock.due_at is not None
    complete = clock.due_at <= evidence.complete
    breached = replace(
        clock,
        state=ClockState.BREACHED,
        breached_at=clock.due_at,
        cause=course.cause or clock.cause,
        evidence=EvidenceState.COMPLETE if complete else EvidenceState.LAGGING,
        warned=ALL_WARNED,
    )
    ended = replace(breached, stopped_at=course.stop if course.stop is not None else course.cancelled_at)
    return ended, [Step(StepKind.BREACHED, clock.due_at, breached), *_ending(breached, ended, course)]


def _warn(clock: Clock, level: Threshold, *, now: datetime) -> tuple[Clock, list[Step]]:
    """Only the highest level that was passed is told."""
    assert level.at is not None
    thresholds = tuple(replace(t, fired_at=now) if t is level else t for t in clock.thresholds)
    warned = replace(clock, thresholds=thresholds, warned=level.percent)
    return warned, [Step(StepKind.WARNED, level.at, warned, percent=level.percent)]


def _next_at(clock: Clock, course: Course) -> datetime | None:
    """When to look at this clock again: the next level, or due."""
    if clock.state not in OPEN:
        return None
    levels: tuple[datetime | None, ...] = ()
    if clock.state is ClockState.RUNNING and course.stop is None:
        levels = tuple(level.at for level in clock.thresholds if level.percent > clock.warned)
    return min((at for at in (*levels, clock.due_at) if at is not None), default=None)
