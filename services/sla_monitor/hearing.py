"""From an event to the facts it holds for clocks. Pure.

An instant that lies after its own recording is a wrong wall clock somewhere: it is taken as the recording's, also
that at which a report or an order was received.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.sla_monitor.facts import (
    Action,
    Facts,
    Mark,
    Order,
    Pending,
    Profile,
    Report,
    with_acknowledged,
    with_action,
    with_pending,
    with_profile,
    with_reopening,
    with_report,
    with_resolution,
    with_update,
)
from shared.contracts.assignment_events import AssignmentAccepted
from shared.contracts.case_events import (
    CaseAcknowledged,
    CaseActionTaken,
    CaseEvent,
    CaseOpened,
    CasePended,
    CaseReclassified,
    CaseReopened,
    CaseReportAdded,
    CaseResolved,
    CaseResumed,
    CaseTransferred,
    CaseUpdatePosted,
)
from shared.contracts.events import CaseSummary, Event, LegalOrder
from shared.contracts.vocabulary import ActionState

Hear = Callable[[Facts, Any, int], Facts]


def hear(facts: Facts, event: Event, seq: int) -> Facts:
    """`facts` and what `event`, the sender's `seq`th of this case, adds to them."""
    if isinstance(event, CaseEvent):
        profile = _profile(event.case, seq, _at(event))
        facts = with_profile(facts, profile, said=isinstance(event, CaseReclassified))
    listen = _LISTENERS.get(type(event))
    return facts if listen is None else listen(facts, event, seq)


def completed(facts: Facts, summary: CaseSummary) -> Facts:
    """`facts` of a case whose opening was never heard, with what its summary says of it instead."""
    if any(report.opening for report in facts.reports):
        return facts
    known = {(order.clock, order.reference) for report in facts.reports for order in report.orders}
    recorded = facts.profiles[0].at if facts.profiles else summary.received_at
    told = tuple(_order(o, recorded) for o in summary.legal_orders if (o.clock, o.reference) not in known)
    at = min(summary.received_at, recorded)
    opening = Report(0, at, at, orders=told, stakeholders=summary.has_stakeholders, opening=True)
    types = {report.reporter_type for report in facts.reports}
    others = tuple(Report(0, at, at, reporter_type=kind) for kind in summary.reporter_types if kind not in types)
    return replace(facts, reports=(opening, *others, *facts.reports))


def _at(event: Event) -> datetime:
    return min(event.occurred_at, event.recorded_at)


def _mark(event: Event, seq: int) -> Mark:
    return Mark(seq, _at(event))


def _profile(summary: CaseSummary, seq: int, at: datetime) -> Profile:
    return Profile(seq, at, summary.severity, summary.policy_area, summary.region)


def _order(order: LegalOrder, recorded_at: datetime) -> Order:
    return Order(order.clock, order.reference, min(order.received_at, recorded_at), order.due_at)


def _on_report(facts: Facts, event: CaseOpened | CaseReportAdded, seq: int) -> Facts:
    brief = event.change.report
    report = Report(
        seq=seq,
        at=event.recorded_at,
        received_at=min(brief.received_at, event.recorded_at),
        reporter_type=brief.reporter_type,
        orders=tuple(_order(order, event.recorded_at) for order in brief.legal_orders),
        stakeholders=bool(event.change.stakeholders),
        opening=isinstance(event, CaseOpened),
    )
    return with_report(facts, report)


def _on_acknowledged(facts: Facts, event: CaseAcknowledged, seq: int) -> Facts:
    return with_acknowledged(facts, _mark(event, seq))


def _on_accepted(facts: Facts, event: AssignmentAccepted, seq: int) -> Facts:  # noqa: ARG001 - the router's own count
    return with_acknowledged(facts, _mark(event, 0))


def _on_pending(facts: Facts, event: CasePended | CaseResumed, seq: int) -> Facts:
    return with_pending(facts, Pending(seq, _at(event), event.change.reasons))


def _on_transferred(facts: Facts, event: CaseTransferred, seq: int) -> Facts:
    return with_pending(facts, Pending(seq, _at(event)))


def _on_action(facts: Facts, event: CaseActionTaken, seq: int) -> Facts:
    action = event.change.action
    return with_action(facts, Action(seq, _at(event), action.action)) if action.state is ActionState.DONE else facts


def _on_update(facts: Facts, event: CaseUpdatePosted, seq: int) -> Facts:
    return with_update(facts, _mark(event, seq))


def _on_resolved(facts: Facts, event: CaseResolved, seq: int) -> Facts:
    return with_resolution(facts, _mark(event, seq))


def _on_reopened(facts: Facts, event: CaseReopened, seq: int) -> Facts:
    return with_reopening(facts, _mark(event, seq))


_LISTENERS: dict[type[Event], Hear] = {
    CaseOpened: _on_report,
    CaseReportAdded: _on_report,
    CaseAcknowledged: _on_acknowledged,
    AssignmentAccepted: _on_accepted,
    CasePended: _on_pending,
    CaseResumed: _on_pending,
    CaseTransferred: _on_transferred,
    CaseActionTaken: _on_action,
    CaseUpdatePosted: _on_update,
    CaseResolved: _on_resolved,
    CaseReopened: _on_reopened,
}
