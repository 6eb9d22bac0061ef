"""What each event does to the pages of its case. Pure: consumes events, changes a `CasePages` through the desk.

What closes what (semantics section 4): a breach by clock.stopped, .rescinded, .cancelled; a warning by
clock.met, .breached, .retargeted, .paused, .cancelled; unroutable by assignment.offered, or .accepted where
somebody claimed the case without an offer; declined by assignment.accepted; all of these by case.resolved.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from services.notifier.case_pages import CasePages
from services.notifier.desk import Desk
from services.notifier.pages import Reason
from services.notifier.paging_rules import Occasion, first_match
from shared.contracts.assignment_events import (
    AssignmentAccepted,
    AssignmentDeclined,
    AssignmentOffered,
    AssignmentUnroutable,
)
from shared.contracts.case_events import CaseResolved
from shared.contracts.clock_events import (
    ClockBreached,
    ClockCancelled,
    ClockEvent,
    ClockMet,
    ClockPaused,
    ClockRescinded,
    ClockRetargeted,
    ClockStopped,
    ClockWarned,
)
from shared.contracts.events import Event
from shared.contracts.views import ClockView
from shared.contracts.vocabulary import PageReasonKind

DECLINES_THAT_PAGE = 3
CLAIM_REFUSED = "claim_refused"

CASE_BOUND = frozenset(
    {PageReasonKind.BREACH, PageReasonKind.WARNING, PageReasonKind.UNROUTABLE, PageReasonKind.DECLINED}
)
"""Kinds of reason that end with their case."""

RAISING: tuple[type[Event], ...] = (ClockBreached, ClockWarned, AssignmentUnroutable, AssignmentDeclined)
"""Events that may page somebody."""


def react(desk: Desk, case: CasePages, event: Event) -> None:
    """Take one event; what the case's newest summary says is kept in any case."""
    case.learn(event.case)
    for reaction in _REACTIONS.get(type(event), ()):
        reaction(desk, case, event)


def _raise(desk: Desk, case: CasePages, event: Event, reason: Reason, occasion: Occasion) -> None:
    rule = first_match(desk.rulebook.paging, occasion)
    if rule is not None:
        desk.raise_reason(case, reason, rule.policy, rule.urgency, event.case.severity if event.case else None)


def _on_breached(desk: Desk, case: CasePages, event: ClockBreached) -> None:
    clock = event.change.clock
    reason = _clock_reason(PageReasonKind.BREACH, clock, clock.breached_at or event.occurred_at)
    _raise(desk, case, event, reason, Occasion(PageReasonKind.BREACH, event.case.severity, clock.kind))


def _on_warned(desk: Desk, case: CasePages, event: ClockWarned) -> None:
    clock = event.change.clock
    reason = _clock_reason(PageReasonKind.WARNING, clock, event.occurred_at)
    occasion = Occasion(PageReasonKind.WARNING, event.case.severity, clock.kind, event.change.percent)
    _raise(desk, case, event, reason, occasion)


def _on_unroutable(desk: Desk, case: CasePages, event: AssignmentUnroutable) -> None:
    decision = event.change.decision
    reason = Reason(PageReasonKind.UNROUTABLE, decision.decided_at, name=decision.waiting_reason)
    _raise(desk, case, event, reason, Occasion(PageReasonKind.UNROUTABLE, event.case.severity))


def _on_declined(desk: Desk, case: CasePages, event: AssignmentDeclined) -> None:
    change = event.change
    if change.declines < DECLINES_THAT_PAGE and change.assignment.reason != CLAIM_REFUSED:
        return
    name = CLAIM_REFUSED if change.assignment.reason == CLAIM_REFUSED else f"{change.declines} declines"
    reason = Reason(PageReasonKind.DECLINED, event.occurred_at, name=name)
    _raise(desk, case, event, reason, Occasion(PageReasonKind.DECLINED, event.case.severity))


def _clock_reason(kind: PageReasonKind, clock: ClockView, at: datetime) -> Reason:
    return Reason(kind, at, clock_id=clock.clock_id, name=clock.name, clock=clock.model_dump(mode="json"))


def _closes_clock(kind: PageReasonKind) -> Callable[[Desk, CasePages, ClockEvent], None]:
    def reaction(desk: Desk, case: CasePages, event: ClockEvent) -> None:
        clock_id = event.change.clock.clock_id
        desk.close(case, lambda reason: reason.kind is kind and reason.clock_id == clock_id, event.type)

    return reaction


def _closes_kind(kind: PageReasonKind) -> Callable[[Desk, CasePages, Event], None]:
    def reaction(desk: Desk, case: CasePages, event: Event) -> None:
        desk.close(case, lambda reason: reason.kind is kind, event.type)

    return reaction


def _on_resolved(desk: Desk, case: CasePages, event: CaseResolved) -> None:
    desk.close(case, lambda reason: reason.kind in CASE_BOUND, event.type)


_end_breach = _closes_clock(PageReasonKind.BREACH)
_end_warning = _closes_clock(PageReasonKind.WARNING)

_REACTIONS: dict[type[Event], tuple[Callable[[Desk, CasePages, Any], None], ...]] = {
    ClockBreached: (_on_breached, _end_warning),
    ClockWarned: (_on_warned,),
    ClockStopped: (_end_breach,),
    ClockRescinded: (_end_breach,),
    ClockCancelled: (_end_breach, _end_warning),
    ClockMet: (_end_warning,),
    ClockRetargeted: (_end_warning,),
    ClockPaused: (_end_warning,),
    AssignmentUnroutable: (_on_unroutable,),
    AssignmentOffered: (_closes_kind(PageReasonKind.UNROUTABLE),),
    AssignmentDeclined: (_on_declined,),
    AssignmentAccepted: (_closes_kind(PageReasonKind.DECLINED), _closes_kind(PageReasonKind.UNROUTABLE)),
    CaseResolved: (_on_resolved,),
}
