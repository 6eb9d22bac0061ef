"""The score is the formula of the design, summand by summand."""

import math
from datetime import timedelta

import pytest

from services.router.floor import Floor
from services.router.need import Need, Waiting
from services.router.rules import Rules
from services.router.scoring import NANO, CaseTerms, Parts, language_prices, spare_price, urgency
from services.router.specialist import Specialist
from shared.contracts.vocabulary import Requirement, Severity
from tests.unit.router.people import LONG_SHIFT, NOW, case, floor, minutes, need, person, rules, standing

MEAN = minutes(22)


def brought(wanted: Need, ana: Specialist, idle_for: timedelta | None = None, load: int = 0) -> Parts:
    """What `ana` brings to a pair."""
    how = standing(idle_since=None if idle_for is None else NOW - idle_for, load=load)
    here: Floor = floor(rules(ana), **{ana.id: how})
    return here.brings(ana.id, wanted, here.fits.of(wanted)).parts(wanted, here.rules)


def case_parts(waiting: Waiting, misses: frozenset[Requirement], book: Rules) -> Parts:
    """What a case brings to a pair, summed up alike."""
    terms = CaseTerms.of(waiting.need, misses, book)
    parts = terms.parts(waiting, NOW)
    assert terms.total(waiting, NOW) == parts.total
    return parts


@pytest.mark.parametrize(
    ("room", "expected"),
    [(timedelta(0), 1.0), (MEAN, math.exp(-0.5)), (2 * MEAN, math.exp(-1)), (minutes(-1), 0.35), (None, 0.0)],
)
def test_urgency_rises_towards_the_deadline_and_drops_once_it_is_lost(room: timedelta | None, expected: float) -> None:
    assert urgency(room, MEAN) == pytest.approx(expected)


@pytest.mark.parametrize(("severity", "weight"), [(Severity.CRITICAL, 8), (Severity.HIGH, 4), (Severity.LOW, 1)])
def test_urgency_is_weighed_by_severity_and_by_the_time_it_takes(severity: Severity, weight: int) -> None:
    book = rules(handling={"policy_areas": {"violent_content": "PT44M"}})
    waiting = case(due=minutes(60), waited=timedelta(hours=3), severity=severity)
    pressing = math.exp(-16 / 44) + 0.02 * 3
    assert case_parts(waiting, frozenset(), book).urgency / NANO == pytest.approx(weight * pressing * 22 / 44)


def test_each_mismatch_costs_its_weight_times_that_of_the_severity() -> None:
    parts = case_parts(case(severity=Severity.HIGH), frozenset(Requirement), rules())
    assert (parts.language, parts.policy_area, parts.region) == (-1 * NANO, -400_000_000, -200_000_000)


def test_mismatched_work_takes_longer_and_leaves_less_slack() -> None:
    due = minutes(60)
    room = 60 - 22 * 1.6 * 1.25
    misses = frozenset({Requirement.LANGUAGE, Requirement.POLICY_AREA})
    parts = case_parts(case(due=due, severity=Severity.LOW), misses, rules())
    assert parts.urgency / NANO == pytest.approx(math.exp(-room / 44) / (1.6 * 1.25), abs=1e-9)


def test_idle_time_counts_in_half_hours_of_the_present_shift() -> None:
    assert brought(need(), person("ana"), idle_for=minutes(90)).idle == round(0.02 * 3 * NANO)
    since_shift_began = (NOW - LONG_SHIFT.start) / minutes(30)
    assert brought(need(), person("ana"), idle_for=timedelta(days=9)).idle == round(0.02 * since_shift_began * NANO)


def test_who_has_a_case_is_not_idle() -> None:
    assert brought(need(), person("ana"), idle_for=minutes(90), load=1).idle == 0


def test_who_knows_the_subject_is_preferred() -> None:
    assert brought(need(familiar=frozenset({"ana"})), person("ana")).continuity == 50_000_000
    assert brought(need(familiar=frozenset({"ben"})), person("ana")).continuity == 0


def test_a_nearer_variety_is_preferred_by_less_than_a_mismatch_costs() -> None:
    near, far = (brought(need(language="es-MX"), person("ana", tag)).language for tag in ("es-419", "es-ES"))
    assert brought(need(language="es-MX"), person("ana", "es-MX")).language == 0
    assert -NANO < far < near < 0


def test_spare_languages_cost_by_how_few_speak_them() -> None:
    staff = [person("ana", "en", "pt"), person("ben", "en"), person("cho", "en", "ko", "ja", "pt")]
    prices = language_prices(staff, 2)
    assert prices == {"en": pytest.approx(1 / 3), "pt": 0.5, "ko": 1.0, "ja": 1.0}
    assert spare_price("en-GB", staff[0], prices, 2) == 0.5
    assert spare_price("en", staff[1], prices, 2) == 0.0
    assert spare_price("und", staff[2], prices, 2) == 0.0


def test_the_price_of_spare_languages_is_capped_at_four() -> None:
    many = person("ana", "en", "de", "fr", "es", "pt", "ja", "ko")
    assert spare_price("en", many, language_prices([many], 2), 2) == 4.0
    assert brought(need(), many).scarce == round(-0.05 * 4 * NANO)


def test_a_language_below_the_least_proficiency_is_not_spare() -> None:
    ana = person("ana", "en", "fr:1")
    assert spare_price("en", ana, language_prices([ana], 2), 2) == 0.0


def test_parts_are_whole_billionths_and_add_up() -> None:
    one = case_parts(case(waited=minutes(7)), frozenset({Requirement.REGION}), rules())
    other = brought(need(language="es"), person("ana", "es-MX", "fr"), idle_for=minutes(11))
    both = one + other
    assert all(isinstance(getattr(both, name), int) for name in Parts.__slots__)
    assert both.total == one.total + other.total == sum(getattr(both, name) for name in Parts.__slots__)


def test_a_case_that_waits_longer_scores_higher() -> None:
    def score(waiting: Waiting) -> int:
        return case_parts(waiting, frozenset(), rules()).total

    assert score(case(waited=minutes(30))) > score(case(waited=minutes(20)))
