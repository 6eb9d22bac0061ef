"""The work of one transaction: what becomes of cases and assignments, of load, and which events tell of it.

Pure: it changes copies of the cases that it was given, and collects. The store writes what was collected.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.router import assignment as assignments
from services.router.assignment import Assignment
from services.router.casefile import CaseFile, Phase
from services.router.decision import Decision
from services.router.eligibility import refusal
from services.router.explain import brief
from services.router.need import Need
from services.router.rules import Rules
from services.router.specialist import Specialist
from shared.contracts.assignment_events import (
    AssignmentAccepted,
    AssignmentChange,
    AssignmentDeclined,
    AssignmentEvent,
    AssignmentExpired,
    AssignmentOffered,
    AssignmentReleased,
    AssignmentUnroutable,
    AssignmentWaiting,
    DecisionChange,
)
from shared.contracts.events import Actor
from shared.contracts.views import DecisionView
from shared.contracts.vocabulary import AssignmentState, RoutingOutcome, ServiceName
from shared.ids import uuid7

ROUTER = Actor.system(ServiceName.ROUTER)
CLAIM_REFUSED = "claim_refused"
CLAIMED = "claimed"

_ENDINGS: dict[AssignmentState, type[AssignmentEvent]] = {
    AssignmentState.DECLINED: AssignmentDeclined,
    AssignmentState.EXPIRED: AssignmentExpired,
    AssignmentState.RELEASED: AssignmentReleased,
}


@dataclass
class Casework:
    """Cases in hand (locked) and what was done to them at `now`.

    `loads` are units to add to or take from a specialist; `answered` reacted to an offer, `expired` let
    one pass; `queued` began to wait.
    """

    rules: Rules
    now: datetime
    cases: dict[UUID, CaseFile]
    changed: set[UUID] = field(default_factory=set)
    queued: set[UUID] = field(default_factory=set)
    assignments: dict[UUID, Assignment] = field(default_factory=dict)
    loads: Counter[str] = field(default_factory=Counter)
    answered: set[str] = field(default_factory=set)
    expired: Counter[str] = field(default_factory=Counter)
    events: list[tuple[AssignmentEvent, int]] = field(default_factory=list)
    decisions: list[DecisionView] = field(default_factory=list)

    def put(self, case: CaseFile) -> CaseFile:
        """Keep a changed case."""
        self.cases[case.case_id] = case
        self.changed.add(case.case_id)
        return case

    def queue(self, case: CaseFile, *, since: datetime, **history: object) -> CaseFile:
        """Let a case wait for somebody."""
        self.queued.add(case.case_id)
        return self.put(case.waits(since=since, **history))

    def end(
        self, case: CaseFile, state: AssignmentState, reason: str | None, *, actor: Actor = ROUTER, at: datetime
    ) -> CaseFile:
        """End the live assignment, if there is one; the case is with nobody then. Say next where it goes."""
        live = case.live
        if live is None:
            return case
        over = assignments.ended(live, state, reason, at=max(at, live.offered_at))
        self.assignments[over.assignment_id] = over
        self.loads[live.specialist] -= live.units
        history = case.history
        if state is AssignmentState.DECLINED:
            history = replace(history, declined=history.declined | {live.specialist}, declines=history.declines + 1)
        case = self.put(replace(case, live=None, history=history))
        return self._say(_ENDINGS[state], case, over, actor=actor, at=at)

    def expire(self, case: CaseFile) -> CaseFile:
        """The offer was not answered in time."""
        assert case.live is not None
        self.expired[case.live.specialist] += 1
        return self.give_back(case, AssignmentState.EXPIRED, None)

    def decline(self, case: CaseFile, reason: str | None, *, actor: Actor) -> CaseFile:
        """The offer is refused; it counts against that person for this case only."""
        assert case.live is not None
        self.answered.add(case.live.specialist)
        return self.give_back(case, AssignmentState.DECLINED, reason, actor=actor)

    def give_back(
        self, case: CaseFile, state: AssignmentState, reason: str | None, *, actor: Actor = ROUTER
    ) -> CaseFile:
        """End the live assignment and queue the case for others: nobody is asked for by name any more.

        It waits on since it began to wait; an accepted one begins anew.
        """
        taken_on = case.live is not None and case.live.state is AssignmentState.ACCEPTED
        since = self.now if taken_on or case.waiting_since is None else case.waiting_since
        case = self.end(case, state, reason, actor=actor, at=self.now)
        return self.queue(case, since=since, specialist=None, prefers=None)

    def accept(self, case: CaseFile, *, actor: Actor, at: datetime) -> CaseFile:
        """The live offer is taken on."""
        assert case.live is not None
        taken = assignments.accepted(case.live, at=at, now=self.now, shifts=self.rules.shifts_of(case.live.specialist))
        self.assignments[taken.assignment_id] = taken
        self.answered.add(taken.specialist)
        case = self.put(replace(case, live=taken))
        return self._say(AssignmentAccepted, case, taken, actor=actor, at=at)

    def claim(self, case: CaseFile, specialist: Specialist, need: Need, *, actor: Actor, at: datetime) -> CaseFile:
        """Somebody acknowledged the case with this `need`: theirs from `at` on, unless they must not have it."""
        live = case.live
        if refusal(need, specialist, self.rules) is not None:
            return self._refuse(case, specialist, actor=actor, at=at)
        if live is not None and live.specialist == specialist.id:
            return self.accept(case, actor=actor, at=at) if live.state is AssignmentState.OFFERED else case
        if live is not None and live.claimed and live.accepted_at is not None and live.accepted_at > at:
            return case
        case = self.end(case, AssignmentState.RELEASED, CLAIMED, at=self.now)
        taken = self._claimed(case, specialist, AssignmentState.ACCEPTED, at)
        taken = assignments.accepted(taken, at=at, now=self.now, shifts=specialist.shifts)
        self.answered.add(specialist.id)
        self.loads[specialist.id] += taken.units
        return self._begin(case, taken, AssignmentAccepted, actor=actor, at=at)

    def offer(self, case: CaseFile, decision: Decision, explained: DecisionView, *, booked: bool) -> CaseFile:
        """Offer the case to who was chosen; `booked`: the store has taken the units on already."""
        assert decision.specialist is not None
        shifts = self.rules.shifts_of(decision.specialist)
        offered = Assignment(
            assignment_id=uuid7(),
            case_id=case.case_id,
            specialist=decision.specialist,
            state=AssignmentState.OFFERED,
            units=decision.units,
            handling=decision.handling,
            offered_at=self.now,
            expires_at=self.now + self.rules.routing.offer_timeout[case.summary.severity],
            return_at=assignments.return_at(AssignmentState.OFFERED, shifts, self.now),
            decision_id=explained.decision_id,
        )
        self.decisions.append(explained)
        self.loads[offered.specialist] += 0 if booked else offered.units
        return self._begin(case, offered, AssignmentOffered, actor=ROUTER, at=self.now)

    def leave(self, case: CaseFile, explained: DecisionView) -> CaseFile:
        """Nobody may take it: record why."""
        self.decisions.append(explained)
        unroutable = explained.outcome is RoutingOutcome.UNROUTABLE
        kind = AssignmentUnroutable if unroutable else AssignmentWaiting
        case = self.put(replace(case, outcome=explained.outcome, waiting_reason=explained.waiting_reason, fresh=False))
        return self._announce(kind, case, DecisionChange(decision=brief(explained)), actor=ROUTER, at=self.now)

    def _begin(
        self, case: CaseFile, begun: Assignment, kind: type[AssignmentEvent], *, actor: Actor, at: datetime
    ) -> CaseFile:
        self.assignments[begun.assignment_id] = begun
        case = self.put(replace(case, live=begun, phase=Phase.HELD, outcome=None, waiting_reason=None, fresh=False))
        return self._say(kind, case, begun, actor=actor, at=at)

    def _refuse(self, case: CaseFile, specialist: Specialist, *, actor: Actor, at: datetime) -> CaseFile:
        refused = self._claimed(case, specialist, AssignmentState.DECLINED, at)
        refused = assignments.ended(refused, AssignmentState.DECLINED, CLAIM_REFUSED, at=at)
        self.assignments[refused.assignment_id] = refused
        return self._say(AssignmentDeclined, self.put(case), refused, actor=actor, at=at)

    def _claimed(self, case: CaseFile, specialist: Specialist, state: AssignmentState, at: datetime) -> Assignment:
        summary = case.summary
        return Assignment(
            assignment_id=uuid7(),
            case_id=case.case_id,
            specialist=specialist.id,
            state=state,
            units=self.rules.routing.units[summary.severity],
            handling=self.rules.handling(summary.policy_area),
            offered_at=at,
            claimed=True,
        )

    def _say(
        self, kind: type[AssignmentEvent], case: CaseFile, said: Assignment, *, actor: Actor, at: datetime
    ) -> CaseFile:
        change = AssignmentChange(assignment=said.view(), decision_id=said.decision_id, declines=case.history.declines)
        return self._announce(kind, case, change, actor=actor, at=at)

    def _announce(
        self,
        kind: type[AssignmentEvent],
        case: CaseFile,
        change: AssignmentChange | DecisionChange,
        *,
        actor: Actor,
        at: datetime,
    ) -> CaseFile:
        """One event about the case, with the next sequence."""
        event = kind(
            case_id=case.case_id,
            occurred_at=at,
            recorded_at=self.now,
            actor=actor,
            change=change,
            case=case.summary,
        )
        self.events.append((event, case.seq + 1))
        return self.put(replace(case, seq=case.seq + 1))
