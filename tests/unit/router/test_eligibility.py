"""Each hard filter, alone: somebody fits, one thing changes, and the reason says which."""

from typing import Any

import pytest

from services.router.eligibility import Reason, fit, hindrances, refusal
from services.router.need import Need
from services.router.shifts import Shift
from services.router.specialist import Specialist, Standing
from shared.contracts.vocabulary import Presence, Requirement, Severity
from tests.unit.router.people import LONG_SHIFT, NOW, minutes, need, person, rules, standing


def forbidden(wanted: Need, who: Specialist, **routing: Any) -> tuple[Reason, ...]:
    return fit(wanted, who, rules(who, **routing)).forbidden


def hindering(who: Specialist, how: Standing, *, units: int = 1, wanted: Need | None = None) -> tuple[Reason, ...]:
    handling = fit(wanted or need(), who, rules(who)).handling
    return hindrances(how, capacity=who.capacity, units=units, handling=handling, now=NOW)


def test_somebody_who_matches_is_neither_forbidden_nor_hindered() -> None:
    ana = person("ana", "en", regions=("US",), policy_areas=frozenset({"violent_content"}))
    fitting = fit(need(), ana, rules(ana))
    assert fitting.forbidden == ()
    assert fitting.misses == frozenset()
    assert hindering(ana, standing()) == ()


@pytest.mark.parametrize("presence", [Presence.AWAY, Presence.OFFLINE])
def test_only_who_is_available_takes_cases(presence: Presence) -> None:
    assert hindering(person("ana"), standing(presence=presence)) == (Reason.NOT_AVAILABLE,)


def test_off_shift_says_so_and_nothing_else() -> None:
    assert hindering(person("ana"), standing(shift=None, load=9)) == (Reason.OFF_SHIFT,)


def test_capacity_is_counted_in_units() -> None:
    ana = person("ana", capacity=2)
    assert hindering(ana, standing(load=1), units=1) == ()
    assert hindering(ana, standing(load=1), units=2) == (Reason.AT_CAPACITY,)


def test_handling_must_fit_into_the_rest_of_the_shift() -> None:
    ana = person("ana")
    assert hindering(ana, standing(shift=Shift(LONG_SHIFT.start, NOW + minutes(22)))) == ()
    assert hindering(ana, standing(shift=Shift(LONG_SHIFT.start, NOW + minutes(21)))) == (Reason.SHIFT_ENDS,)


def test_mismatched_work_takes_longer_and_must_fit_as_well() -> None:
    ana = person("ana", "fr")
    half_an_hour = standing(shift=Shift(LONG_SHIFT.start, NOW + minutes(30)))
    assert hindering(ana, half_an_hour, wanted=need(language="fr")) == ()
    assert hindering(ana, half_an_hour, wanted=need(language="en")) == (Reason.SHIFT_ENDS,)


def test_a_restricted_policy_area_needs_its_certification() -> None:
    wanted = need(policy_area="child_safety")
    assert forbidden(wanted, person("ana")) == (Reason.MISSING_CERTIFICATION,)
    assert forbidden(wanted, person("ana", certifications=frozenset({"child_safety"}))) == ()


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (need(conflicted=frozenset({"ana"})), Reason.CONFLICT_OF_INTEREST),
        (need(region="TR"), Reason.CONFLICT_OF_INTEREST),
        (need(declined=frozenset({"ana"})), Reason.DECLINED_BEFORE),
        (need(policy_area="hateful_conduct"), Reason.OPTED_OUT),
        (need(specialist="ben"), Reason.NOT_TRANSFERRED_TO),
        (need(pool="latam"), Reason.NOT_TRANSFERRED_TO),
    ],
)
def test_what_forbids_for_good(wanted: Need, reason: Reason) -> None:
    ana = person("ana", affiliations=("TR",), opt_outs=frozenset({"hateful_conduct"}))
    assert forbidden(wanted, ana) == (reason,)


def test_an_unknown_region_is_no_conflict() -> None:
    assert forbidden(need(region="ZZ"), person("ana", affiliations=("EU", "TR"))) == ()


def test_a_conflict_with_a_union_is_one_with_its_members() -> None:
    assert forbidden(need(region="DE"), person("ana", affiliations=("EU",))) == (Reason.CONFLICT_OF_INTEREST,)


def test_a_critical_case_never_lets_the_language_go_whatever_the_file_says() -> None:
    ana = person("ana", "fr")
    assert forbidden(need(Severity.CRITICAL), ana, never_relax={}) == (Reason.LANGUAGE,)
    assert forbidden(need(Severity.HIGH), ana) == ()


def test_what_is_not_on_the_ladder_is_never_relaxed() -> None:
    ana = person("ana", regions=("BR",), policy_areas=frozenset({"hateful_conduct"}))
    assert set(forbidden(need(), ana, relax=["language"])) == {Reason.REGION, Reason.POLICY_AREA}


def test_what_is_unknown_matches_all() -> None:
    ana = person("ana", "fr", regions=("BR",), policy_areas=frozenset({"hateful_conduct"}))
    wanted = need(policy_area="unknown", language="und", region="ZZ")
    assert fit(wanted, ana, rules(ana)).misses == frozenset()


def test_groups_of_regions_stand_for_their_members() -> None:
    ana = person("ana", regions=("EEA",))
    assert Requirement.REGION not in fit(need(region="NO"), ana, rules(ana)).misses
    assert Requirement.REGION in fit(need(region="GB"), ana, rules(ana)).misses


def test_a_transfer_to_a_named_person_obeys_certification_conflict_and_exposure_alone() -> None:
    ana = person("ana", "fr", regions=("BR",), opt_outs=frozenset({"hateful_conduct"}))
    named: dict[str, Any] = {"specialist": "ana", "declined": frozenset({"ana"})}
    assert forbidden(need(Severity.CRITICAL, **named), ana) == ()
    assert forbidden(need(policy_area="child_safety", **named), ana) == (Reason.MISSING_CERTIFICATION,)
    assert forbidden(need(conflicted=frozenset({"ana"}), **named), ana) == (Reason.CONFLICT_OF_INTEREST,)
    assert forbidden(need(policy_area="hateful_conduct", **named), ana) == (Reason.OPTED_OUT,)
    assert forbidden(need(policy_area="hateful_conduct", override_exposure=True, **named), ana) == ()


def test_a_claim_is_refused_for_certification_and_conflict_alone() -> None:
    ana = person("ana", opt_outs=frozenset({"violent_content"}))
    assert refusal(need(declined=frozenset({"ana"})), ana, rules(ana)) is None
    assert refusal(need(policy_area="child_safety"), ana, rules(ana)) is Reason.MISSING_CERTIFICATION
    assert refusal(need(conflicted=frozenset({"ana"})), ana, rules(ana)) is Reason.CONFLICT_OF_INTEREST
