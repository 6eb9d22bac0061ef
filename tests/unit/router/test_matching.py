"""Best pair first, deterministic, the same as trying every pair, and never beyond a capacity."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.router.decision import Decision
from services.router.eligibility import Fit, fit
from services.router.floor import Floor
from services.router.matching import Matched, match
from services.router.need import Waiting
from services.router.outlook import free_at
from services.router.relaxing import exceeds, rung_of
from services.router.rules import Rules
from services.router.scoring import CaseTerms
from services.router.shifts import Shift
from services.router.specialist import Held, Specialist, Standing
from shared.contracts.vocabulary import Presence, RoutingOutcome, Severity
from tests.unit.router.people import LONG_SHIFT, NOW, case, floor, minutes, need, person, rules, standing

ALL = 10_000


def pairs(matched: Matched) -> list[tuple[int, str | None]]:
    return [(decision.case.case_id.int, decision.specialist) for decision in matched.assigned]


def test_the_most_urgent_case_is_served_first() -> None:
    ana = person("ana", capacity=1)
    cases = [case(1, due=minutes(90)), case(2, due=minutes(40)), case(3, due=minutes(60))]
    assert pairs(match(floor(rules(ana)), cases, limit=ALL)) == [(2, "ana")]


def test_a_critical_case_goes_before_a_high_one_with_the_same_deadline() -> None:
    ana = person("ana", capacity=2)
    cases = [case(1, severity=Severity.HIGH), case(2, severity=Severity.CRITICAL)]
    matched = match(floor(rules(ana)), cases, limit=ALL)
    assert pairs(matched) == [(2, "ana")]
    assert [reason for _, _, _, reason in matched.waiting()] == ["at_capacity"]


def test_ties_go_by_deadline_then_case_then_specialist() -> None:
    staff = [person("ben", capacity=1), person("ana", capacity=1)]
    cases = [case(2, due=None), case(1, due=None)]
    assert pairs(match(floor(rules(*staff)), cases, limit=ALL)) == [(1, "ana"), (2, "ben")]


def test_somebody_with_rare_languages_is_spared() -> None:
    staff = [person("ana", "en", "th"), person("ben", "en")]
    assert pairs(match(floor(rules(*staff)), [case(1)], limit=ALL)) == [(1, "ben")]


def test_the_longest_idle_is_chosen_among_equals() -> None:
    staff = [person("ana"), person("ben")]
    how = {"ana": standing(idle_since=NOW - minutes(5)), "ben": standing(idle_since=NOW - minutes(50))}
    assert pairs(match(floor(rules(*staff), **how), [case(1)], limit=ALL)) == [(1, "ben")]


def test_work_is_spread_while_others_are_idle() -> None:
    staff = [person("ana", capacity=5), person("ben", capacity=5)]
    how = {name: standing(idle_since=NOW - minutes(50)) for name in ("ana", "ben")}
    matched = match(floor(rules(*staff), **how), [case(1), case(2)], limit=ALL)
    assert {specialist for _, specialist in pairs(matched)} == {"ana", "ben"}


def test_a_reopened_case_goes_to_who_had_it_even_if_others_score_higher() -> None:
    staff = [person("ana", "fr", "th"), person("ben", "en")]
    wanted = case(1, prefers="ana", language="en", due=minutes(90))
    matched = match(floor(rules(*staff)), [wanted], limit=ALL)
    assert pairs(matched) == [(1, "ana")]
    assert "ana" in [candidate.specialist for candidate in matched.assigned[0].candidates]
    assert {one.why for one in matched.assigned[0].relaxed} == {"this person had the case before it was reopened"}


def test_and_to_others_when_that_person_is_not_at_hand() -> None:
    staff = [person("ana"), person("ben")]
    how = {"ana": standing(shift=None)}
    assert pairs(match(floor(rules(*staff), **how), [case(1, prefers="ana")], limit=ALL)) == [(1, "ben")]


def test_a_transfer_to_a_named_person_overrides_shift_presence_and_capacity() -> None:
    staff = [person("ana", "fr", capacity=1), person("ben")]
    how = {"ana": Standing(shift=None, next_shift=None, presence=Presence.OFFLINE, load=1)}
    matched = match(floor(rules(*staff), **how), [case(1, specialist="ana")], limit=ALL)
    assert pairs(matched) == [(1, "ana")]


def test_a_transfer_to_somebody_who_must_not_have_it_is_routed_to_others() -> None:
    staff = [person("ana"), person("ben")]
    wanted = case(1, specialist="ana", conflicted=frozenset({"ana"}))
    assert pairs(match(floor(rules(*staff)), [wanted], limit=ALL)) == [(1, "ben")]


def test_a_transfer_to_a_pool_stays_in_the_pool() -> None:
    staff = [person("ana", "fr"), person("ben"), person("cho")]
    book = rules(*staff, pools={"latam": frozenset({"ana", "cho"})})
    matched = match(floor(book), [case(1, pool="latam"), case(2, pool="nowhere")], limit=ALL)
    assert pairs(matched) == [(1, "cho")]
    assert [(outcome, reason) for _, _, outcome, reason in matched.waiting()] == [
        (RoutingOutcome.WAITING, "unknown_pool")
    ]


def test_what_this_configuration_does_not_know_waits_with_a_reason() -> None:
    cases = [case(1, policy_area="brand_new"), case(2, specialist="zoe")]
    matched = match(floor(rules(person("ana"))), cases, limit=ALL)
    assert matched.assigned == ()
    assert {reason for _, _, _, reason in matched.waiting()} == {"unknown_policy_area", "unknown_specialist"}


def test_a_round_stops_at_its_limit_and_says_so() -> None:
    ana = person("ana", capacity=10)
    cases = [case(number) for number in range(1, 6)]
    here = floor(rules(ana))
    first = match(here, cases, limit=3)
    assert not first.complete
    left = [one for one in cases if one.case_id not in {decision.case.case_id for decision in first.assigned}]
    second = match(here, left, limit=3)
    assert second.complete
    assert len(first.assigned) + len(second.assigned) == 5


LANGUAGES = ["en", "fr", "es-MX", "es", "und"]
REGIONS = ["US", "MX", "ZZ"]
POLICY_AREAS = ["violent_content", "hateful_conduct", "child_safety", "unknown"]


@st.composite
def staffs(draw: st.DrawFn) -> list[Specialist]:
    return [
        person(
            f"s{number}",
            *draw(st.lists(st.sampled_from(LANGUAGES[:4]), min_size=1, max_size=3, unique=True)),
            regions=tuple(draw(st.lists(st.sampled_from(["US", "MX", "any"]), min_size=1, max_size=2, unique=True))),
            policy_areas=draw(st.none() | st.frozensets(st.sampled_from(POLICY_AREAS[:3]), min_size=1)),
            certifications=draw(st.frozensets(st.just("child_safety"))),
            capacity=draw(st.integers(2, 4)),
        )
        for number in range(draw(st.integers(0, 6)))
    ]


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    load = draw(st.integers(0, 3))
    shift = draw(st.sampled_from([LONG_SHIFT, LONG_SHIFT, None, Shift(NOW - minutes(60), NOW + minutes(30))]))
    return Standing(
        shift=shift,
        next_shift=draw(st.none() | st.just(Shift(NOW + minutes(90), NOW + minutes(600)))),
        presence=draw(st.sampled_from([Presence.AVAILABLE, Presence.AVAILABLE, Presence.AWAY])),
        load=load,
        held=[Held(NOW + minutes(draw(st.integers(-5, 90))), 1) for _ in range(load)],
        idle_since=draw(st.none() | st.integers(0, 100).map(lambda ago: NOW - minutes(ago))),
    )


@st.composite
def waiting_cases(draw: st.DrawFn) -> list[Waiting]:
    return [
        Waiting(
            UUID(int=number),
            need(
                draw(st.sampled_from(Severity)),
                language=draw(st.sampled_from(LANGUAGES)),
                region=draw(st.sampled_from(REGIONS)),
                policy_area=draw(st.sampled_from(POLICY_AREAS)),
                declined=draw(st.frozensets(st.sampled_from(["s0", "s1"]), max_size=1)),
            ),
            draw(st.none() | st.integers(-60, 400).map(lambda left: NOW + minutes(left))),
            NOW - minutes(draw(st.integers(0, 120))),
        )
        for number in range(draw(st.integers(0, 12)))
    ]


@st.composite
def situations(draw: st.DrawFn) -> tuple[Rules, dict[str, Standing], list[Waiting]]:
    book = rules(*draw(staffs()))
    return book, {one.id: draw(standings()) for one in book.specialists}, draw(waiting_cases())


def copied(book: Rules, how: dict[str, Standing]) -> Floor:
    fresh = {
        name: Standing(one.shift, one.next_shift, one.presence, one.load, list(one.held), one.idle_since)
        for name, one in how.items()
    }
    return floor(book, **fresh)


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


@settings(max_examples=400, deadline=timedelta(seconds=2))
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
