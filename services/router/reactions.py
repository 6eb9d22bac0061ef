"""What each event means for routing: one function a type, all pure.

tocsin.cases tells what happened to a case; tocsin.clocks tells its deadline. Both bring the summary, of
which the newest counts; a change that matters to routing has the case judged again.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.router.casefile import CaseFile, Phase
from services.router.casework import Casework
from services.router.deadline import KnownClock
from services.router.eligibility import fit, refusal
from shared.contracts.case_events import (
    CaseAcknowledged,
    CaseEvent,
    CaseOpened,
    CaseReopened,
    CaseResolved,
    CaseTransferred,
)
from shared.contracts.clock_events import ClockEvent
from shared.contracts.events import CaseBound, CaseSummary
from shared.contracts.vocabulary import ActorKind, AssignmentState, CaseStatus, ClockState, ReopenKind

RECLASSIFIED = "reclassified"
RESOLVED = "resolved"
TRANSFERRED = "transferred"

_WHAT_COUNTS = ("severity", "policy_area", "language", "region", "excluded_specialists")


def react(work: Casework, event: CaseBound) -> None:
    """Take one event of tocsin.cases or tocsin.clocks."""
    case = _newest(work, work.cases[event.case_id], event.case)
    if isinstance(event, ClockEvent):
        on_clock(work, case, event)
    elif isinstance(event, CaseEvent):
        case = _known(work, case, event)
        _REACTIONS.get(type(event), _nothing)(work, case, event)


def on_clock(work: Casework, case: CaseFile, event: ClockEvent) -> None:
    """A clock of the case started, moved or ended: the deadline may be another."""
    told = event.change.clock
    state = told.state if told.stopped_at is None else ClockState.MET
    clock = KnownClock(told.clock_id, told.name, told.kind, state, told.due_at)
    if not clock.counts:
        return
    clocks: dict[UUID, KnownClock] = {**case.clocks, clock.clock_id: clock}
    before = case.due_at(work.rules)
    case = work.put(replace(case, clocks=clocks))
    if case.phase is Phase.WAITING and case.due_at(work.rules) != before:
        work.put(replace(case, fresh=True))


def on_acknowledged(work: Casework, case: CaseFile, event: CaseAcknowledged) -> None:
    """Acknowledged by a specialist, the case is theirs; by anybody else, nothing changes here."""
    specialist = work.rules.specialist(event.change.by)
    if specialist is not None:
        at_that_time = replace(case, summary=event.case)
        claimed = work.claim(case, specialist, at_that_time.need(), actor=event.actor, at=event.occurred_at)
        if _differs(claimed.summary, event.case):
            _judged_again(work, at_that_time, claimed)


def on_transferred(work: Casework, case: CaseFile, event: CaseTransferred) -> None:
    """Taken from who had it, and asked for by name. Who hands a case on does not get it back unasked."""
    handed_on = case.live is not None and case.live.specialist == event.actor.id
    declined = case.history.declined | ({event.actor.id} if handed_on else set())
    case = work.end(case, AssignmentState.RELEASED, TRANSFERRED, at=work.now)
    target = event.change.to
    work.queue(
        case,
        since=event.recorded_at,
        declined=declined,
        prefers=None,
        specialist=target.specialist,
        pool=target.pool,
        override_exposure=event.change.override_exposure,
    )


def on_resolved(work: Casework, case: CaseFile, event: CaseResolved) -> None:
    """Nothing of it waits any more; who decided it is remembered in case it comes back."""
    live = case.live
    had_it = {live.specialist} if live is not None and live.state is AssignmentState.ACCEPTED else set()
    resolver = {event.actor.id} if event.actor.kind is ActorKind.PERSON else set()
    case = work.end(case, AssignmentState.RELEASED, RESOLVED, at=work.now)
    history = replace(
        case.history,
        decided=case.history.decided | had_it | resolver,
        last=next((name for name in (*had_it, *resolver) if work.rules.specialist(name)), None),
        specialist=None,
        pool=None,
        override_exposure=False,
        prefers=None,
    )
    work.put(replace(case, phase=Phase.CLOSED, outcome=None, waiting_reason=None, fresh=False, history=history))


def on_reopened(work: Casework, case: CaseFile, event: CaseReopened) -> None:
    """Back in the queue: to who had it last, or on appeal to anybody but those who decided it."""
    appeal = event.change.kind is ReopenKind.APPEAL
    history = case.history
    work.queue(
        case,
        since=event.recorded_at,
        barred=history.barred | (history.decided if appeal else frozenset()),
        prefers=None if appeal else history.last,
    )


def _nothing(work: Casework, case: CaseFile, event: Any) -> None:
    """The event matters to others."""


def _known(work: Casework, case: CaseFile, event: CaseEvent) -> CaseFile:
    """A case of which tocsin.cases was not heard before is queued, unless it is resolved by what is known."""
    if case.phase is not Phase.STUB:
        return case
    if case.summary.status is CaseStatus.RESOLVED:
        return work.put(replace(case, phase=Phase.CLOSED))
    prefers = None if isinstance(event, CaseOpened) else case.summary.assignee
    return work.queue(case, since=event.recorded_at, prefers=prefers)


def _newest(work: Casework, case: CaseFile, told: CaseSummary) -> CaseFile:
    """Take the summary if it is newer, and judge the case again if it differs in what counts."""
    if told.version <= case.summary.version:
        return case
    before, case = case, work.put(replace(case, summary=told))
    if not _differs(told, before.summary):
        return case
    if case.phase is Phase.WAITING:
        return work.put(replace(case, fresh=True))
    return _judged_again(work, before, case) if case.phase is Phase.HELD else case


def _judged_again(work: Casework, before: CaseFile, case: CaseFile) -> CaseFile:
    """An offer that no longer passes is released; an accepted case only for certification or conflict."""
    if _passes(work, before, case):
        return case
    return work.give_back(case, AssignmentState.RELEASED, RECLASSIFIED)


def _passes(work: Casework, before: CaseFile, case: CaseFile) -> bool:
    live = case.live
    specialist = work.rules.specialist(live.specialist) if live else None
    if live is None or specialist is None:
        return True
    need = case.need()
    if live.state is AssignmentState.ACCEPTED:
        return refusal(need, specialist, work.rules) is None
    now, then = (fit(one, specialist, work.rules) for one in (need, before.need()))
    same_units = live.units == work.rules.routing.units[need.severity]
    return same_units and work.rules.knows(need.policy_area) and not now.forbidden and now.misses <= then.misses


def _differs(one: CaseSummary, other: CaseSummary) -> bool:
    return any(getattr(one, name) != getattr(other, name) for name in _WHAT_COUNTS)


_REACTIONS: dict[type[CaseEvent], Callable[[Casework, CaseFile, Any], None]] = {
    CaseAcknowledged: on_acknowledged,
    CaseTransferred: on_transferred,
    CaseResolved: on_resolved,
    CaseReopened: on_reopened,
}
