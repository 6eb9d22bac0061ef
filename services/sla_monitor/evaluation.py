"""What the facts of a case say of every clock it has. Pure, and the one place that says it.

`courses_of` is a function of the set of facts alone: in whatever order they came, the same facts give the same
clocks. What had been said of them before (a breach that fired, a warning) is the matter of `settlement`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.sla_monitor.clock import Timing, instants_of, levels_of
from services.sla_monitor.definitions import Rules, Terms
from services.sla_monitor.facts import Mark, Pending, Profile
from services.sla_monitor.spans import Span, union
from shared.contracts.vocabulary import ClockKind

LATE_ARRIVAL, RETARGET = "late_arrival", "retarget"


@dataclass(frozen=True, slots=True)
class Key:
    """Which clock of a case: its name, the order that started it (else empty), and its cycle from 1."""

    name: str
    reference: str
    cycle: int


@dataclass(frozen=True, slots=True)
class Level:
    """A share of the target and the instant at which elapsed time reaches it, None if it never does."""

    percent: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Track:
    """One line of clocks as the facts draw it, before it is cut into cycles.

    `known_at` is when the fact that starts it was there, `seq` that fact's count. `cancelled` ends it unmet.
    """

    name: str
    kind: ClockKind
    rules: Rules
    start: datetime
    known_at: datetime
    terms: tuple[tuple[Profile, Terms | None], ...]
    reference: str = ""
    seq: int = 0
    stops: tuple[Mark, ...] = ()
    cancelled: datetime | None = None
    pauses: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """What is so of one clock by the facts alone; `cause` says why it was past due before it could be met."""

    key: Key
    kind: ClockKind
    rules: Rules
    started_at: datetime
    terms: Terms
    due_at: datetime | None
    levels: tuple[Level, ...]
    pauses: tuple[Span, ...]
    stop: datetime | None
    cancelled_at: datetime | None
    cause: str | None
    retargeted_at: datetime | None
    zone_data: str | None = None

    @property
    def timing(self) -> Timing:
        """The arithmetic of this clock."""
        return Timing(self.started_at, self.terms.target, self.rules.calendar(self.terms.calendar), self.pauses)


@dataclass(frozen=True, slots=True)
class _Step:
    """These terms hold from `at` on."""

    at: datetime
    terms: Terms


@dataclass(frozen=True, slots=True)
class _Segment:
    """A stretch in which the clock fits the case: steps in order, and when it ceased to fit."""

    steps: tuple[_Step, ...]
    ceased_at: datetime | None


def courses_along(track: Track, *, first_cycle: int = 1) -> list[Course]:
    """The clocks of one track: one for each stretch in which the case has it, unless it had stopped before."""
    stop = first_stop(track)
    found: list[Course] = []
    for segment in _segments(track.terms):
        if found and stop is not None and stop <= segment.steps[0].at:
            break
        found.append(_course(track, segment, stop, cycle=first_cycle + len(found)))
    return found


def first_stop(track: Track) -> datetime | None:
    """The earliest stop that counts: not before the start, or told after the fact that started the clock."""
    counted = [mark.at for mark in track.stops if mark.at >= track.start or mark.seq > track.seq]
    return max(min(counted), track.start) if counted else None


def _segments(terms: Sequence[tuple[Profile, Terms | None]]) -> list[_Segment]:
    found: list[_Segment] = []
    steps: list[_Step] = []
    for profile, now in terms:
        if now is None:
            if steps:
                found.append(_Segment(tuple(steps), profile.at))
            steps = []
        elif not steps or steps[-1].terms != now:
            steps.append(_Step(profile.at, now))
    return [*found, _Segment(tuple(steps), None)] if steps else found


def _course(track: Track, segment: _Segment, stop: datetime | None, *, cycle: int) -> Course:
    ended = min((at for at in (track.cancelled, segment.ceased_at) if at is not None), default=None)
    if stop is not None and ended is not None:
        stop, ended = (stop, None) if stop <= ended else (None, ended)
    pauses = track.pauses if stop is None else _until(track.pauses, stop)
    place, due, levels = _decisive(track, segment.steps, pauses, stop)
    step = segment.steps[place]
    return Course(
        key=Key(track.name, track.reference, cycle),
        kind=track.kind,
        rules=track.rules,
        started_at=track.start,
        terms=step.terms,
        due_at=due,
        levels=levels,
        pauses=pauses,
        stop=stop,
        cancelled_at=ended,
        cause=_cause(track, segment, place, due),
        retargeted_at=step.at if place else None,
        zone_data=None if step.terms.calendar is None else track.rules.sources.zone_data,
    )


def _until(pauses: tuple[Span, ...], stop: datetime) -> tuple[Span, ...]:
    """A stopped clock has no open pause."""
    return tuple(Span(pause.start, min(pause.end, stop)) for pause in pauses if pause.start < stop)


def _decisive(
    track: Track, steps: tuple[_Step, ...], pauses: tuple[Span, ...], stop: datetime | None
) -> tuple[int, datetime | None, tuple[Level, ...]]:
    """The terms that count: those at the stop, or at the breach (lowering never erases one), or the latest."""
    for place, step in enumerate(steps[:-1]):
        due, levels = _instants(track, step.terms, pauses)
        until = steps[place + 1].at
        stopped = stop is not None and stop <= until
        breached = due is not None and (due < until or due < step.at)
        if stopped or breached:
            return place, due, levels
    return len(steps) - 1, *_instants(track, steps[-1].terms, pauses)


def _instants(track: Track, terms: Terms, pauses: tuple[Span, ...]) -> tuple[datetime | None, tuple[Level, ...]]:
    timing = Timing(track.start, terms.target, track.rules.calendar(terms.calendar), pauses)
    percents = track.rules.percents
    *levels, due = instants_of(timing, [*levels_of(terms.target, percents), terms.target])
    return due, tuple(Level(percent, at) for percent, at in zip(percents, levels, strict=True))


def _cause(track: Track, segment: _Segment, place: int, due: datetime | None) -> str | None:
    if due is None:
        return None
    if place:
        return RETARGET if due < segment.steps[place].at else None
    known_at = max(track.known_at, segment.steps[0].at)
    no_time = not segment.steps[0].terms.target
    return LATE_ARRIVAL if due < known_at or no_time else None


def pauses_for(pendings: Sequence[Pending], counts: Callable[[str], bool]) -> tuple[Span, ...]:
    """When the case was pending for any reason that `counts`."""
    found: list[Span] = []
    since: datetime | None = None
    for pending in pendings:
        paused = any(counts(reason) for reason in pending.reasons)
        if paused and since is None:
            since = pending.at
        elif not paused and since is not None:
            found.append(Span(since, pending.at))
            since = None
    return union([*found, Span(since)] if since is not None else found)
