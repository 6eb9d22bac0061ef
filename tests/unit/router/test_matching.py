"""Best pair first, deterministic, the same as trying every pair, and never beyond a capacity."""

from services.router.matching import Matched, match
from services.router.specialist import Standing
from shared.contracts.vocabulary import Presence, RoutingOutcome, Severity
from tests.unit.router.people import NOW, case, floor, minutes, person, rules, standing

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
