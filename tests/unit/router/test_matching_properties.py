"""Whatever the situation: the choice is that of trying every pair, a replay is identical, nobody is overbooked."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.router.decision import Decision
from services.router.eligibility import Fit, fit
from services.router.floor import Floor
from services.router.matching import match
from services.router.need import Waiting
from services.router.outlook import free_at
from services.router.relaxing import exceeds, rung_of
from services.router.rules import Rules
from services.router.scoring import CaseTerms
from services.router.specialist import Standing
from tests.unit.router.people import NOW
from tests.unit.router.situations import copied, situations
from tests.unit.router.test_matching import ALL, pairs


def by_trying_every_pair(here: Floor, cases: list[Waiting]) -> list[tuple[int, str]]:
    """The same greedy choice without groups, queues or shortcuts."""
    found: list[tuple[int, str]] = []
    left = list(cases)
    while True:
        scored = [entry for one in left for entry in _scored(here, one)]
        if not scored:
            return found
        _, _, _, specialist, one, handling = min(scored, key=lambda entry: entry[:4])
        found.append((one.case_id.int, specialist))
        here.book(specialist, here.rules.routing.units[one.need.severity], handling)
        left.remove(one)


def _scored(here: Floor, one: Waiting) -> list[tuple[int, float, int, str, Waiting, timedelta]]:
    book, wanted = here.rules, one.need
    units, ladder = book.routing.units[wanted.severity], book.ladder(wanted.severity)
    fits = [fitting for fitting in (fit(wanted, who, book) for who in book.specialists) if not fitting.forbidden]
    room = None if one.due is None else one.due - NOW - book.handling(wanted.policy_area)
    found = []
    for fitting in fits:
        who = fitting.specialist
        better = (_wait(here, fits, ladder, rung, units) for rung in range(rung_of(fitting.misses, ladder)))
        hindering = here.hindrances(who.id, units, fitting.handling)
        if not hindering and all(exceeds(wait, room) for wait in better):
            brought = here.brings(who.id, wanted, here.fits.of(wanted)).parts(wanted, book)
            parts = CaseTerms.of(wanted, fitting.misses, book).parts(one, NOW) + brought
            due = float("inf") if one.due is None else one.due.timestamp()
            found.append((-parts.total, due, one.case_id.int, who.id, one, fitting.handling))
    return found


def _wait(here: Floor, fits: list[Fit], ladder: Any, rung: int, units: int) -> timedelta | None:
    """The expected wait for those who match once so many rungs are relaxed, asking everybody."""
    waits = []
    for fitting in fits:
        if rung_of(fitting.misses, ladder) <= rung:
            how, capacity = here.standings[fitting.specialist.id], fitting.specialist.capacity
            free = free_at(how, capacity=capacity, units=units, handling=fitting.handling, now=NOW)
            waits += [] if free is None else [free - NOW]
    return min(waits, default=None)


@settings(max_examples=400)
@given(situations())
def test_the_choice_is_that_of_trying_every_pair(situation: tuple[Rules, dict[str, Standing], list[Waiting]]) -> None:
    book, how, cases = situation
    matched = match(copied(book, how), cases, limit=ALL)
    assert pairs(matched) == by_trying_every_pair(copied(book, how), cases)


@given(situations(), st.integers())
def test_a_replay_is_identical_in_any_order_of_the_input(
    situation: tuple[Rules, dict[str, Standing], list[Waiting]], seed: int
) -> None:
    book, how, cases = situation
    shuffled = random.Random(seed).sample(cases, len(cases))

    def replay(some: list[Waiting]) -> list[tuple[Decision, ...]]:
        return [match(copied(book, how), some, limit=ALL).assigned]

    assert replay(cases) == replay(shuffled)


@given(situations())
def test_nobody_is_booked_beyond_capacity_and_no_case_twice(
    situation: tuple[Rules, dict[str, Standing], list[Waiting]],
) -> None:
    book, how, cases = situation
    here = copied(book, how)
    matched = match(here, cases, limit=ALL)
    decided = Counter(decision.case.case_id for decision in matched.assigned)
    left = Counter(one.case_id for _, one, _, _ in matched.waiting())
    assert decided + left == Counter(one.case_id for one in cases)
    for one in book.specialists:
        added = here.standings[one.id].load - how[one.id].load
        assert added == 0 or here.standings[one.id].load <= one.capacity


@given(situations())
def test_everybody_fits_as_asked_one_by_one(situation: tuple[Rules, dict[str, Standing], list[Waiting]]) -> None:
    book, how, cases = situation
    here = copied(book, how)
    for one in cases:
        fitting = here.fits.of(one.need)
        for who in book.specialists:
            alone = fit(one.need, who, book)
            assert fitting.misses(who.id) == alone.misses
            assert fitting.forbidden.get(who.id, ()) == alone.forbidden
            assert (who.id in fitting.allowed) is (not alone.forbidden)
            assert fitting.handling[alone.misses] == alone.handling
            assert fitting.distances.get(who.id, 0.0) == alone.distance
