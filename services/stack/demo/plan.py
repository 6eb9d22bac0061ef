"""What the people of the demo do next on a case, from what the services say of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.client.shapes import CaseView
from services.stack.demo.scripts import Act, Part, Scripted
from shared.contracts.views import AssignmentView, ClockView, DecisionView, PageView
from shared.contracts.vocabulary import (
    ActionState,
    AssignmentState,
    CaseStatus,
    ClockState,
    PageState,
    RoutingOutcome,
)

PAGE_LIMIT = timedelta(seconds=45)
TRANSFER_LIMIT = timedelta(seconds=60)
CLARIFICATION = "clarification"


class Verb(StrEnum):
    """What a step does."""

    ACCEPT = "accept"
    DECLINE = "decline"
    ACKNOWLEDGE = "acknowledge"
    PEND = "pend"
    RESUME = "resume"
    ACT = "act"
    RESOLVE = "resolve"
    TRANSFER = "transfer"


@dataclass(frozen=True)
class Step:
    """One call. `by` None is the lead. `name` is unique for the case and part of the idempotency key."""

    verb: Verb
    name: str
    by: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    assignment: AssignmentView | None = None


@dataclass(frozen=True)
class Seen:
    """One case as the services showed it last."""

    case: CaseView
    assignment: AssignmentView | None = None
    decision: DecisionView | None = None
    clocks: tuple[ClockView, ...] = ()
    pages: tuple[PageView, ...] = ()

    @property
    def loud(self) -> PageView | None:
        """The page that matters: an unacknowledged one before all others."""
        order = {PageState.TRIGGERED: 0, PageState.EXHAUSTED: 0, PageState.ACKNOWLEDGED: 1}
        return min(self.pages, key=lambda page: order.get(page.state, 2), default=None)

    @property
    def next_clock(self) -> ClockView | None:
        """The clock that is due soonest among those that still run or are overdue."""
        live = [clock for clock in self.clocks if clock.due_at is not None and clock.stopped_at is None]
        live = [clock for clock in live if clock.state in (ClockState.RUNNING, ClockState.BREACHED)]
        return min(live, key=lambda clock: (clock.due_at, clock.name), default=None)

    @property
    def at_rest(self) -> bool:
        """No clock of it runs and no page of it is out."""
        return not any(clock.state is ClockState.RUNNING for clock in self.clocks) and all(
            page.state is PageState.RESOLVED for page in self.pages
        )

    @property
    def waits(self) -> bool:
        """Nobody holds it, and the router said why."""
        undecided = self.decision is None or self.decision.outcome is RoutingOutcome.ASSIGNED
        return self.case.status is not CaseStatus.RESOLVED and self.assignment is None and not undecided


@dataclass(frozen=True)
class Past:
    """Which steps of a case were answered, and when."""

    done: Mapping[str, datetime]

    def has(self, name: str) -> bool:
        return name in self.done

    def at(self, name: str) -> datetime | None:
        """When `name` was answered."""
        return self.done.get(name)


def next_step(script: Scripted, seen: Seen, past: Past, now: datetime, opened: datetime) -> Step | None:
    """The next step on a case, or None while there is nothing to do but wait. `opened`: when it was posted."""
    if seen.case.status is CaseStatus.RESOLVED or _left_alone(script, seen, now - opened):
        return None
    if script.part is Part.UNHEARD and seen.waits:
        return _help_unheard(seen, past, now, opened)
    if seen.assignment is None:
        return None
    if seen.assignment.state is AssignmentState.OFFERED:
        return _answer_offer(script, seen.assignment, past)
    return _work(script, seen, past, seen.assignment.specialist)


def _left_alone(script: Scripted, seen: Seen, age: timedelta) -> bool:
    """Nobody touches it until its page was acknowledged; a page that does not come holds nothing up for ever."""
    if script.part is not Part.LEFT or age > PAGE_LIMIT:
        return False
    return all(page.state is PageState.TRIGGERED for page in seen.pages)


def _answer_offer(script: Scripted, offer: AssignmentView, past: Past) -> Step:
    if script.part is Part.DECLINED and not past.has("decline"):
        body = {"reason": "Knows the account's owner in person."}
        return Step(Verb.DECLINE, "decline", offer.specialist, body, offer)
    return Step(Verb.ACCEPT, f"accept-{offer.assignment_id}", offer.specialist, {}, offer)


def _work(script: Scripted, seen: Seen, past: Past, who: str) -> Step:
    """From accepted to resolved: acknowledge, ask back where the part is that, act, confirm, resolve."""
    if seen.case.status is CaseStatus.OPEN:
        return Step(Verb.ACKNOWLEDGE, "acknowledge", who)
    if script.part is Part.PENDED and not past.has("pend"):
        return Step(Verb.PEND, "pend", who, {"reason": CLARIFICATION})
    if seen.case.status is CaseStatus.PENDING:
        return Step(Verb.RESUME, "resume", who, {"reason": CLARIFICATION})
    for act in script.acts:
        step = _act(act, seen.case, who)
        if step is not None:
            return step
    body = {"outcome": script.outcome, "summary": "Handled in the demo as the policy says."}
    return Step(Verb.RESOLVE, "resolve", who, body)


def _act(act: Act, case: CaseView, who: str) -> Step | None:
    """Take the action; confirm it as the lead where it stands as proposed; None when it is done."""
    taken = [item for item in case.actions if item.action == act.action]
    if not taken:
        return Step(Verb.ACT, f"act-{act.action}", who, act.body())
    if any(item.state is ActionState.DONE for item in taken):
        return None
    body = {**act.body(), "confirms": str(taken[0].action_id)}
    return Step(Verb.ACT, f"confirm-{act.action}", None, body)


def _help_unheard(seen: Seen, past: Past, now: datetime, opened: datetime) -> Step | None:
    """A language nobody has: once its page was seen to, the lead gives it to somebody with an interpreter."""
    paged = [page for page in seen.pages if page.state is not PageState.TRIGGERED]
    if not paged and now - opened < PAGE_LIMIT / 3:
        return None
    able = _only_language_missing(seen.decision)
    if able is not None and not past.has("transfer"):
        body = {"to": {"specialist": able}, "reason": "An interpreter joins by phone."}
        return Step(Verb.TRANSFER, "transfer", None, body)
    if _transfer_under_way(seen.decision, past.at("transfer"), now):
        return None
    if seen.case.status is CaseStatus.OPEN:
        return Step(Verb.ACKNOWLEDGE, "acknowledge-lead", None)
    body = {"outcome": "out_of_scope", "summary": "Handed to a partner who speaks the language."}
    return Step(Verb.RESOLVE, "resolve-lead", None, body)


def _transfer_under_way(decision: DecisionView | None, transferred: datetime | None, now: datetime) -> bool:
    """Whether the router has yet to decide on a transfer; it may have been away."""
    if transferred is None or now - transferred > TRANSFER_LIMIT:
        return False
    return decision is None or decision.decided_at < transferred


def _only_language_missing(decision: DecisionView | None) -> str | None:
    """The first specialist, by id, whom nothing but the language kept from the case."""
    excluded = decision.excluded_by if decision else {}
    return min((who for who, reasons in excluded.items() if tuple(reasons) == ("language",)), default=None)
