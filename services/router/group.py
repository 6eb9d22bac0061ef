"""Waiting cases that need the same, with those who may take them now: the best pair among them. Pure.

A score is a summand of the case plus one of the person. For each set of mismatches that the ladder allows
the best pair is therefore the best case with the best person, and no pair needs to be tried.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.router.deadline import slack
from services.router.eligibility import Fit, hindrances
from services.router.fits import Fits, addressed, unknown_part
from services.router.need import Need, Waiting
from services.router.relaxing import Outlook, exceeds, outlook, rung_of
from services.router.rules import Rules
from services.router.scoring import Parts, case_parts, language_prices, person_parts, spare_price
from services.router.specialist import Standing
from shared.contracts.vocabulary import Requirement

_NO_DEADLINE = datetime.max.replace(tzinfo=UTC)
Misses = frozenset[Requirement]

SHOWN = 5
"""Candidates that a decision names."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may take a case now, and what that pair would score."""

    fitting: Fit
    parts: Parts

    @property
    def order(self) -> tuple[int, str]:
        """Best first."""
        return -self.parts.total, self.fitting.specialist.id


@dataclass(frozen=True, slots=True)
class Pair:
    """A case and who would get it."""

    group: "Group"
    case: Waiting
    chosen: Candidate

    @property
    def specialist(self) -> str:
        """The id of who would get it."""
        return self.chosen.fitting.specialist.id

    @property
    def order(self) -> tuple[int, datetime, UUID, str]:
        """Best first: score, deadline, case id, specialist id."""
        score, specialist = self.chosen.order
        return score, self.case.due or _NO_DEADLINE, self.case.case_id, specialist


@dataclass
class Floor:
    """Everybody as they stand at `now`; the matcher books on it what it decides."""

    rules: Rules
    standings: Mapping[str, Standing]
    now: datetime
    fits: Fits
    prices: Mapping[str, float] = field(init=False)
    weights_version: str = field(init=False)

    def __post_init__(self) -> None:
        self.weights_version = self.rules.routing.weights_version
        present = (one for one in self.rules.specialists if self.standings[one.id].shift is not None)
        self.prices = language_prices(present, self.rules.routing.min_proficiency)


class FreePeople:
    """Who is free for a need, best first, by what of the need they miss."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._by_id: dict[str, Candidate] = {}
        self._by_misses: dict[Misses, list[tuple[tuple[int, str], Candidate]]] = {}
        for candidate in candidates:
            self._by_id[candidate.fitting.specialist.id] = candidate
            self._by_misses.setdefault(candidate.fitting.misses, []).append((candidate.order, candidate))
        for people in self._by_misses.values():
            people.sort(key=lambda entry: entry[0])

    def __contains__(self, specialist: str) -> bool:
        return specialist in self._by_id

    def get(self, specialist: str | None) -> Candidate | None:
        """The candidate of that id, if free."""
        return None if specialist is None else self._by_id.get(specialist)

    def misses(self) -> Iterator[Misses]:
        """The sets of mismatches of which somebody is free."""
        return (misses for misses, people in self._by_misses.items() if people)

    def best(self, misses: Misses, count: int) -> list[Candidate]:
        """The best of those who miss exactly that."""
        return [candidate for _, candidate in self._by_misses.get(misses, ())[:count]]

    def replace(self, specialist: str, candidate: Candidate | None) -> None:
        """Put somebody in their new place; None: not free any more."""
        before = self._by_id.pop(specialist, None)
        if before is not None:
            people = self._by_misses[before.fitting.misses]
            del people[bisect_left(people, before.order, key=lambda entry: entry[0])]
        if candidate is not None:
            self._by_id[specialist] = candidate
            people = self._by_misses.setdefault(candidate.fitting.misses, [])
            insort(people, (candidate.order, candidate), key=lambda entry: entry[0])


class Group:
    """Cases with one need on one floor."""

    def __init__(self, need: Need, floor: Floor) -> None:
        self.floor = floor
        self.unknown = unknown_part(need, floor.rules)
        self.need = need if self.unknown else addressed(need, floor.rules)
        self.units = floor.rules.routing.units[need.severity]
        self.ladder = floor.rules.ladder(need.severity)
        self.fitting = floor.fits.of(self.need)
        self.cases: dict[UUID, Waiting] = {}
        self._room = floor.rules.handling(need.policy_area)
        self._free = FreePeople(
            () if self.unknown else filter(None, map(self._candidate, self.fitting.allowed.values()))
        )
        self._queues: dict[Misses, list[tuple[int, datetime, UUID]]] = {}
        self._outlook: Outlook | None = None

    def slack(self, case: Waiting) -> timedelta | None:
        """Room left before the case's deadline when somebody who matches handles it."""
        return slack(case.due, self.floor.now, self._room)

    def outlook(self) -> Outlook:
        """How long until somebody is free, rung by rung."""
        if self._outlook is None:
            allowed = self.fitting.allowed.values()
            fits = ((fitting, self.floor.standings[fitting.specialist.id]) for fitting in allowed)
            self._outlook = outlook(fits, self.ladder, self.units, self.floor.now)
        return self._outlook

    def add(self, case: Waiting) -> None:
        """Let a case wait here."""
        self.cases[case.case_id] = case

    def booked(self, specialist: str) -> None:
        """Somebody took a case on: see whether they are still free for this need."""
        fitting = self.fitting.allowed.get(specialist)
        if fitting is not None and not self.unknown:
            self._outlook = None
            self._free.replace(specialist, self._candidate(fitting))

    def best(self) -> Pair | None:
        """The best pair of this group, or None when nobody may take any of its cases now."""
        preferred = self._free.get(self.need.prefers)
        tops = [preferred] if preferred else [self._free.best(misses, 1)[0] for misses in self._free.misses()]
        pairs = (self._best_with(person) for person in tops)
        return min((pair for pair in pairs if pair is not None), key=lambda pair: pair.order, default=None)

    def candidates(self, case: Waiting) -> list[Candidate]:
        """Everybody who may take `case` now, best first; at least the best five of each set of mismatches."""
        found = [
            self._paired(case, person)
            for misses in self._free.misses()
            if self.allows(case, misses)
            for person in self._free.best(misses, SHOWN)
        ]
        return sorted(found, key=lambda candidate: candidate.order)[:SHOWN]

    def may_take(self, case: Waiting, fitting: Fit) -> bool:
        """Whether that person is a candidate for `case` now."""
        return fitting.specialist.id in self._free and self.allows(case, fitting.misses)

    def allows(self, case: Waiting, misses: Misses) -> bool:
        """Whether the ladder lets `case` go to somebody with these misses: every wait before is too long."""
        rung = rung_of(misses, self.ladder)
        if rung == 0 or self.need.specialist is not None:
            return True
        if any(rung_of(other, self.ladder) < rung for other in self._free.misses()):
            return False
        return exceeds(self.outlook().rungs[rung - 1].wait, self.slack(case))

    def _candidate(self, fitting: Fit) -> Candidate | None:
        """What the person brings to a pair, if free now; a transfer to a named person does not ask."""
        floor = self.floor
        standing = floor.standings[fitting.specialist.id]
        if self.need.specialist is None and hindrances(fitting, standing, self.units, floor.now):
            return None
        min_proficiency = floor.rules.routing.min_proficiency
        price = spare_price(self.need.language, fitting.specialist, floor.prices, min_proficiency)
        return Candidate(fitting, person_parts(self.need, fitting, standing, price, floor.rules, floor.now))

    def _best_with(self, person: Candidate) -> Pair | None:
        """The best case that may go to `person`: any, if it is the one they had before."""
        misses = person.fitting.misses
        freely = person.fitting.specialist.id == self.need.prefers
        for _, _, case_id in self._queue(misses):
            case = self.cases.get(case_id)
            if case is not None and (freely or self.allows(case, misses)):
                return Pair(self, case, self._paired(case, person))
        return None

    def _paired(self, case: Waiting, person: Candidate) -> Candidate:
        parts = case_parts(case, person.fitting.misses, self.floor.rules, self.floor.now)
        return Candidate(person.fitting, parts + person.parts)

    def _queue(self, misses: Misses) -> list[tuple[int, datetime, UUID]]:
        """The cases by what they bring to a pair with these misses, best first."""
        queue = self._queues.get(misses)
        if queue is None:
            rules, now = self.floor.rules, self.floor.now
            queue = self._queues[misses] = sorted(
                (-case_parts(case, misses, rules, now).total, case.due or _NO_DEADLINE, case.case_id)
                for case in self.cases.values()
            )
        return queue
