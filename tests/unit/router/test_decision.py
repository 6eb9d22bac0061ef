"""Every decision explains itself: candidates, relaxations, and a reason for everybody who is none."""

from datetime import timedelta

from hypothesis import given

from services.router.decision import Decision
from services.router.eligibility import Reason
from services.router.matching import decide_one, match
from services.router.need import Waiting
from services.router.rules import Rules
from services.router.shifts import Shift
from services.router.specialist import Held, Standing
from shared.contracts.vocabulary import Presence, RoutingOutcome, Severity
from tests.unit.router.people import NOW, case, floor, minutes, person, rules, standing
from tests.unit.router.situations import copied, situations

OFF = Standing(shift=None, next_shift=None)


def decide(*staff: str, waiting: Waiting | None = None, **how: Standing) -> Decision:
    people = [person(*entry.split()) for entry in staff]
    return decide_one(floor(rules(*people), **how), waiting or case())


def test_the_best_five_are_shown_with_the_chosen_one_first() -> None:
    decision = decide(*(f"s{number}" for number in range(8)))
    assert [one.specialist for one in decision.candidates] == ["s0", "s1", "s2", "s3", "s4"]
    assert decision.specialist == "s0"
    assert decision.excluded_by == {}


def test_everybody_else_is_excluded_with_every_reason() -> None:
    full_and_away = standing(load=2, presence=Presence.AWAY)
    decision = decide("ana", "ben", "cho", ben=full_and_away, cho=OFF)
    assert decision.specialist == "ana"
    assert decision.excluded_by == {
        "ben": (Reason.NOT_AVAILABLE, Reason.AT_CAPACITY),
        "cho": (Reason.OFF_SHIFT,),
    }


def test_who_does_not_match_is_excluded_for_what_was_not_relaxed() -> None:
    decision = decide("ana en", "ben fr")
    assert decision.excluded_by == {"ben": (Reason.LANGUAGE,)}


def test_nobody_at_all_is_unroutable() -> None:
    decision = decide()
    assert (decision.outcome, decision.waiting_reason) == (RoutingOutcome.UNROUTABLE, "no_specialists")


def test_who_is_away_or_full_counts_as_on_shift() -> None:
    for how in (standing(load=2), standing(presence=Presence.AWAY), standing(presence=Presence.OFFLINE)):
        assert decide("ana", ana=how).outcome is RoutingOutcome.WAITING


def test_a_shift_that_starts_before_the_deadline_is_waited_for() -> None:
    later = Standing(shift=None, next_shift=Shift(NOW + minutes(200), NOW + minutes(600)))
    assert decide("ana", ana=later, waiting=case(due=minutes(240))).outcome is RoutingOutcome.WAITING
    at_the_deadline = decide("ana", ana=later, waiting=case(due=minutes(200)))
    assert (at_the_deadline.outcome, at_the_deadline.waiting_reason) == (RoutingOutcome.UNROUTABLE, "off_shift")


def test_without_a_deadline_any_later_shift_will_do() -> None:
    later = Standing(shift=None, next_shift=Shift(NOW + timedelta(days=3), NOW + timedelta(days=4)))
    assert decide("ana", ana=later, waiting=case(due=None)).outcome is RoutingOutcome.WAITING
    assert decide("ana", ana=OFF, waiting=case(due=None)).outcome is RoutingOutcome.UNROUTABLE


def test_past_the_deadline_only_who_is_on_shift_counts() -> None:
    late = case(due=minutes(-10))
    later = Standing(shift=None, next_shift=Shift(NOW + minutes(1), NOW + minutes(600)))
    assert decide("ana", ana=standing(load=2), waiting=late).outcome is RoutingOutcome.WAITING
    assert decide("ana", ana=later, waiting=late).outcome is RoutingOutcome.UNROUTABLE


def test_a_shift_too_near_its_end_to_handle_the_case_does_not_count() -> None:
    leaving = standing(shift=Shift(NOW - minutes(60), NOW + minutes(20)))
    decision = decide("ana", ana=leaving)
    assert (decision.outcome, decision.waiting_reason) == (RoutingOutcome.UNROUTABLE, "shift_ends")


def test_the_reason_of_the_unroutable_is_what_forbids_most() -> None:
    decision = decide("ana fr", "ben fr", "cho en", waiting=case(severity=Severity.CRITICAL, language="th"))
    assert (decision.outcome, decision.waiting_reason) == (RoutingOutcome.UNROUTABLE, "language")
    certified = decide("ana", waiting=case(policy_area="child_safety"))
    assert (certified.outcome, certified.waiting_reason) == (RoutingOutcome.UNROUTABLE, "missing_certification")


def test_a_private_reason_is_never_the_reason_for_all_to_read() -> None:
    decision = decide("ana", waiting=case(conflicted=frozenset({"ana"})))
    assert decision.waiting_reason == "unavailable"
    assert decision.excluded_by == {"ana": (Reason.CONFLICT_OF_INTEREST,)}


def test_the_reason_is_that_of_the_one_who_will_be_free_first() -> None:
    off = Standing(shift=None, next_shift=Shift(NOW + minutes(30), NOW + minutes(600)))
    busy = standing(load=2, held=[Held(NOW + minutes(20), 1), Held(NOW + minutes(50), 1)])
    later = standing(load=2, held=[Held(NOW + minutes(40), 1), Held(NOW + minutes(50), 1)])
    assert decide("ana", "ben", ana=off, ben=busy).waiting_reason == "at_capacity"
    assert decide("ana", "ben", ana=off, ben=later).waiting_reason == "off_shift"
    assert decide("ana", "ben", ana=off, ben=standing(presence=Presence.AWAY)).waiting_reason == "off_shift"
    both = standing(presence=Presence.AWAY, load=2)
    assert decide("ana", ana=both).waiting_reason == "not_available"


@given(situations())
def test_everybody_is_a_candidate_or_excluded_with_a_reason(
    situation: tuple[Rules, dict[str, Standing], list[Waiting]],
) -> None:
    book, how, cases = situation
    for one in cases:
        decision = decide_one(copied(book, how), one)
        shown = {candidate.specialist for candidate in decision.candidates}
        assert not shown & decision.excluded_by.keys()
        assert all(decision.excluded_by.values())
        assert len(shown) == 5 or shown | decision.excluded_by.keys() == {one.id for one in book.specialists}
        assert (decision.specialist in shown) is (decision.outcome is RoutingOutcome.ASSIGNED)
        assert (decision.waiting_reason is None) is (decision.outcome is RoutingOutcome.ASSIGNED)


@given(situations())
def test_what_the_chosen_one_misses_is_what_was_relaxed(
    situation: tuple[Rules, dict[str, Standing], list[Waiting]],
) -> None:
    book, how, cases = situation
    for decision in match(copied(book, how), cases, limit=100).assigned:
        assert decision.chosen is not None
        relaxed = [one.requirement for one in decision.relaxed]
        assert set(relaxed) == decision.chosen.misses
        assert relaxed == [one for one in book.ladder(decision.case.need.severity) if one in relaxed]
