"""A requirement is let go only when waiting for a match would miss the deadline."""

from datetime import timedelta
from typing import Any

import pytest

from services.router.eligibility import Reason
from services.router.matching import decide_one
from services.router.relaxing import exceeds
from services.router.shifts import Shift
from services.router.specialist import Held, Specialist, Standing
from shared.contracts.vocabulary import Presence, Requirement, RoutingOutcome, Severity
from tests.unit.router.people import LONG_SHIFT, NOW, case, floor, minutes, person, rules, standing

FRENCH = person("ana", "fr", capacity=1)
ENGLISH = person("ben", "en")


def decide(
    *staff: Specialist, due: timedelta | None, how: dict[str, Standing] | None = None, rest: Any = None, **needs: Any
) -> Any:
    """What becomes of a case due so soon when `staff` stand as `how` says."""
    return decide_one(floor(rules(*staff, **(rest or {})), **(how or {})), case(due=due, **needs))


def busy(until: timedelta) -> Standing:
    """At capacity until so long from now."""
    return standing(load=1, held=[Held(NOW + until, 1)])


def test_a_match_who_is_free_takes_it_and_nothing_is_relaxed() -> None:
    decision = decide(FRENCH, ENGLISH, due=minutes(60), language="fr")
    assert decision.specialist == "ana"
    assert decision.relaxed == ()


def test_a_match_who_is_free_in_time_is_waited_for() -> None:
    decision = decide(FRENCH, ENGLISH, due=minutes(60), how={"ana": busy(minutes(30))}, language="fr")
    assert decision.outcome is RoutingOutcome.WAITING
    assert decision.waiting_reason == Reason.AT_CAPACITY
    assert decision.excluded_by["ben"] == (Reason.LANGUAGE,)


def test_the_language_is_let_go_when_the_match_would_be_free_too_late() -> None:
    decision = decide(FRENCH, ENGLISH, due=minutes(60), how={"ana": busy(minutes(39))}, language="fr")
    assert decision.specialist == "ben"
    assert [one.requirement for one in decision.relaxed] == [Requirement.LANGUAGE]
    assert "PT39M" in decision.relaxed[0].why
    assert "PT38M" in decision.relaxed[0].why


def test_the_wait_may_be_exactly_the_slack() -> None:
    decision = decide(FRENCH, ENGLISH, due=minutes(60), how={"ana": busy(minutes(38))}, language="fr")
    assert decision.outcome is RoutingOutcome.WAITING


def test_the_region_goes_before_the_language() -> None:
    elsewhere = person("cho", "fr", regions=("BR",))
    decision = decide(FRENCH, ENGLISH, elsewhere, due=minutes(40), how={"ana": busy(minutes(39))}, language="fr")
    assert decision.specialist == "cho"
    assert [one.requirement for one in decision.relaxed] == [Requirement.REGION]
    assert decision.excluded_by["ben"] == (Reason.LANGUAGE,)


def test_the_ladder_of_the_file_is_followed() -> None:
    elsewhere = person("cho", "fr", regions=("BR",))
    ladder = {"relax": ["language", "region"]}
    how = {"ana": busy(minutes(39))}
    decision = decide(FRENCH, ENGLISH, elsewhere, due=minutes(40), how=how, rest=ladder, language="fr")
    assert decision.specialist == "ben"


def test_a_language_that_nobody_has_is_let_go_at_once() -> None:
    decision = decide(ENGLISH, due=timedelta(days=1), language="th")
    assert decision.specialist == "ben"
    assert [one.requirement for one in decision.relaxed] == [Requirement.LANGUAGE]


def test_nor_does_a_missing_deadline_wait_for_nobody() -> None:
    assert decide(ENGLISH, due=None, language="th").specialist == "ben"
    waiting = decide(FRENCH, ENGLISH, due=None, how={"ana": busy(timedelta(hours=5))}, language="fr")
    assert waiting.outcome is RoutingOutcome.WAITING


def test_a_critical_case_is_never_given_to_somebody_who_does_not_understand_it() -> None:
    decision = decide(ENGLISH, due=minutes(1), severity=Severity.CRITICAL, language="th")
    assert decision.outcome is RoutingOutcome.UNROUTABLE
    assert decision.waiting_reason == Reason.LANGUAGE


def test_a_match_at_hand_is_not_passed_over_even_when_it_is_too_late() -> None:
    assert decide(FRENCH, ENGLISH, due=minutes(-30), language="fr").specialist == "ana"


def test_the_next_shift_of_a_match_is_waited_for_when_it_starts_in_time() -> None:
    starts = Standing(shift=None, next_shift=Shift(NOW + minutes(30), NOW + timedelta(hours=9)))
    in_time = decide(FRENCH, ENGLISH, due=minutes(60), how={"ana": starts}, language="fr")
    assert (in_time.outcome, in_time.waiting_reason) == (RoutingOutcome.WAITING, Reason.OFF_SHIFT)
    assert decide(FRENCH, ENGLISH, due=minutes(51), how={"ana": starts}, language="fr").specialist == "ben"


def test_who_is_away_is_not_expected_before_the_next_shift() -> None:
    away = standing(presence=Presence.AWAY)
    assert decide(FRENCH, ENGLISH, due=timedelta(hours=9), how={"ana": away}, language="fr").specialist == "ben"


def test_enough_units_must_come_free() -> None:
    two = person("ana", "fr", capacity=2)
    held = [Held(NOW + minutes(10), 1), Held(NOW + minutes(90), 1)]
    how = {"ana": standing(load=2, held=held)}
    one_unit = decide(two, ENGLISH, due=minutes(60), how=how, language="fr")
    assert one_unit.outcome is RoutingOutcome.WAITING
    both = decide(two, ENGLISH, due=minutes(60), how=how, rest={"units": {"high": 2}}, language="fr")
    assert both.specialist == "ben"


def test_work_that_would_end_after_the_shift_is_not_waited_for() -> None:
    leaving = busy(minutes(30))
    leaving.shift = Shift(LONG_SHIFT.start, NOW + minutes(45))
    assert decide(FRENCH, ENGLISH, due=minutes(60), how={"ana": leaving}, language="fr").specialist == "ben"


@pytest.mark.parametrize(
    ("wait", "room", "expected"),
    [
        (minutes(0), minutes(-5), False),
        (minutes(1), minutes(-5), True),
        (minutes(5), minutes(5), False),
        (minutes(6), minutes(5), True),
        (minutes(6), None, False),
        (None, None, True),
        (None, minutes(5), True),
    ],
)
def test_when_a_wait_is_too_long(wait: timedelta | None, room: timedelta | None, expected: bool) -> None:
    assert exceeds(wait, room) is expected
