"""Waiting cases that need the same, with those who may take them now: the best pair among them. Pure.

A score is a summand of the case plus one of the person. For each set of mismatches that the ladder allows
the best pair is therefore the best case with the best person, and no pair needs to be tried.
"""

import heapq
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.router.deadline import slack
from services.router.fits import Misses, addressed, unknown_part
from services.router.floor import Floor
from services.router.need import Need, Waiting
from services.router.outlook import NEVER, on_shift_at, rungs
from services.router.relaxing import Outlook, exceeds
from services.router.scoring import CaseTerms, Parts

_NO_DEADLINE = datetime.max.replace(tzinfo=UTC)

SHOWN = 5
"""Candidates that a decision names."""

Order = tuple[int, datetime, UUID, str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may take a case now, what of it they miss, and what that pair would score."""

    specialist: str
    misses: Misses
    parts: Parts


@dataclass(frozen=True, slots=True)
class Pair:
    """A case and who would get it; `order` is smallest for the best: score, deadline, case id, specialist id."""

    group: "Group"
    case: Waiting
    specialist: str
    misses: Misses
    order: Order


class Group:
    """Cases with one need on one floor."""

    def __init__(self, need: Need, floor: Floor) -> None:
        self.floor = floor
        self.unknown = unknown_part(need, floor.rules)
        self.need = need if self.unknown else addressed(need, floor.rules)
        self.units = floor.rules.routing.units[need.severity]
        self.fitting = floor.fits.of(self.need)
        self.ladder = self.fitting.ladder
        self.cases: dict[UUID, Waiting] = {}
        self._handling = floor.rules.handling(need.policy_area)
        self._terms: dict[Misses, CaseTerms] = {}
        self._free: dict[Misses, list[tuple[int, str, int]]] = {}
        self._queues: dict[Misses, list[tuple[int, datetime, UUID]]] = {}
        self._outlook: Outlook | None = None

    def add(self, case: Waiting) -> None:
        """Let a case wait here."""
        self.cases[case.case_id] = case

    def slack(self, case: Waiting) -> timedelta | None:
        """Room left before the case's deadline when somebody who matches handles it."""
        return slack(case.due, self.floor.now, self._handling)

    def outlook(self) -> Outlook:
        """How long until somebody is free, rung by rung."""
        if self._outlook is None:
            found = rungs(self.fitting, self.floor.by_freedom(self.units), self.units, self.floor.now)
            self._outlook = Outlook(self.ladder, found, self._on_shift())
        return self._outlook

    def concerns(self, specialist: str) -> bool:
        """Whether somebody may take cases of this group at times."""
        return specialist in self.fitting.allowed and not self.unknown

    def forget(self) -> None:
        """Somebody took a case on: what was expected of people is to be reckoned anew."""
        self._outlook = None

    def relaxes(self, pair: Pair) -> bool:
        """Whether a pair rests on somebody else's not being free."""
        return self._rung(pair.misses) > 0

    def best(self) -> Pair | None:
        """The best pair of this group, or None when nobody may take any of its cases now."""
        if not self.cases or self.unknown:
            return None
        if self.need.prefers is not None and self.is_free(self.need.prefers):
            misses = self.fitting.misses(self.need.prefers)
            return self._best_case(misses, self._brought(self.need.prefers), self.need.prefers, gated=False)
        pairs = (self._best_case(misses, *self._free[misses][0][:2]) for misses in self._nearest())
        return min((pair for pair in pairs if pair is not None), key=lambda pair: pair.order, default=None)

    def candidate(self, case: Waiting, specialist: str) -> Candidate:
        """The pair with somebody who may take `case`."""
        misses = self.fitting.misses(specialist)
        brought = self.floor.brings(specialist, self.need, self.fitting).parts(self.need, self.floor.rules)
        return Candidate(specialist, misses, self._terms_of(misses).parts(case, self.floor.now) + brought)

    def candidates(self, case: Waiting) -> list[str]:
        """Who may take `case` now, best first; the best five of each set of mismatches at least."""
        found = [
            (score - self._terms_of(misses).total(case, self.floor.now), name)
            for misses in self.open_to(case)
            for score, name, _ in heapq.nsmallest(SHOWN, self._fresh(misses))
        ]
        return [name for _, name in sorted(found)]

    def open_to(self, case: Waiting) -> frozenset[Misses]:
        """What somebody free may miss to take `case` now: the wait for anybody better is too long."""
        return frozenset(misses for misses in self._nearest() if self._allows(case, misses))

    def is_free(self, name: str) -> bool:
        """Free for this need; a transfer to a named person does not ask."""
        if self.need.specialist is not None:
            return name in self.fitting.allowed
        if name not in self.fitting.allowed or name not in self.floor.room(self.units):
            return False
        shift = self.floor.standings[name].shift
        return shift is not None and shift.end - self.floor.now >= self.fitting.handling[self.fitting.misses(name)]

    def _allows(self, case: Waiting, misses: Misses) -> bool:
        rung = self._rung(misses)
        return rung == 0 or exceeds(self.outlook().rungs[rung - 1].wait, self.slack(case))

    def _rung(self, misses: Misses) -> int:
        return 0 if self.need.specialist is not None else self.fitting.rungs[misses]

    def _nearest(self) -> list[Misses]:
        """The sets of mismatches on the lowest rung on which somebody is free: nobody else may be asked."""
        for rung in range(len(self.ladder) + 1):
            misses = [one for one in self.fitting.people if self._rung(one) == rung and self._top(one)]
            if misses:
                return misses
        return []

    def _top(self, misses: Misses) -> bool:
        """Whether anybody who misses that is free; the best of them stands in front of `_free[misses]`."""
        people = self._free.get(misses)
        if people is None:
            people = [self._entry(name) for name in self.fitting.people[misses] if self.is_free(name)]
            heapq.heapify(people)
            self._free[misses] = people
        while people:
            _, name, stamp = people[0]
            if stamp == self.floor.bookings.get(name, 0):
                return True
            heapq.heappop(people)
            if self.is_free(name):
                heapq.heappush(people, self._entry(name))
        return False

    def _fresh(self, misses: Misses) -> list[tuple[int, str, int]]:
        """Everybody free who misses that, as they stand: anew for those who were booked since they were looked at."""
        people = self._free[misses]
        stale = [name for _, name, stamp in people if stamp != self.floor.bookings.get(name, 0)]
        if stale:
            left = [one for one in people if one[2] == self.floor.bookings.get(one[1], 0)]
            people[:] = left + [self._entry(name) for name in stale if self.is_free(name)]
            heapq.heapify(people)
        return people

    def _entry(self, name: str) -> tuple[int, str, int]:
        return self._brought(name), name, self.floor.bookings.get(name, 0)

    def _brought(self, name: str) -> int:
        """What somebody brings to a pair, negated: small is good."""
        return -self.floor.brings(name, self.need, self.fitting).parts(self.need, self.floor.rules).total

    def _best_case(self, misses: Misses, brought: int, name: str, *, gated: bool = True) -> Pair | None:
        """The best case that may go to somebody with these misses."""
        for cost, due, case_id in self._queue(misses):
            case = self.cases.get(case_id)
            if case is not None and (not gated or self._allows(case, misses)):
                return Pair(self, case, name, misses, (cost + brought, due, case_id, name))
        return None

    def _queue(self, misses: Misses) -> list[tuple[int, datetime, UUID]]:
        """The cases by what they bring to a pair with these misses, best first."""
        queue = self._queues.get(misses)
        if queue is None:
            terms, now = self._terms_of(misses), self.floor.now
            queue = self._queues[misses] = sorted(
                (-terms.total(case, now), case.due or _NO_DEADLINE, case.case_id) for case in self.cases.values()
            )
        return queue

    def _terms_of(self, misses: Misses) -> CaseTerms:
        terms = self._terms.get(misses)
        if terms is None:
            terms = self._terms[misses] = CaseTerms.of(self.need, misses, self.floor.rules)
        return terms

    def _on_shift(self) -> datetime | None:
        """The earliest instant at which anybody who passes the hard filters is on shift with time to handle it."""
        best: datetime = NEVER
        for at_the_earliest, name in self.floor.by_shift():
            if at_the_earliest >= best:
                break
            if name in self.fitting.allowed:
                handling = self.fitting.handling[self.fitting.misses(name)]
                found = on_shift_at(self.floor.standings[name], handling, self.floor.now)
                best = min(best, found or NEVER)
        return None if best == NEVER else best
