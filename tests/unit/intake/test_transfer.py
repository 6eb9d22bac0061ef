"""Handing over: what even a person cannot override."""

from typing import Any

import pytest

from services.intake.case import Case, Who
from services.intake.commands import Acknowledge, PendCommand, Transfer
from services.intake.refusal import Invalid, Reason, Refusal
from services.intake.transitions import decide
from shared.config.models import Configuration
from tests.support.config_dir import configuration, specialist
from tests.unit.intake.cases import ANA, BEN, CONFIG, LEAD, after, case, config, context


def roster(**ben: Any) -> Configuration:
    """A configuration whose ben differs."""
    files = configuration(pager_url="http://x.test")
    files["roster"]["specialists"][1] = specialist("ben", {"de": 5}, **ben)
    return config(roster=files["roster"])


def transfer(start: Case, who: Who = ANA, to: dict[str, str] | None = None, *, given: Any = CONFIG, **more: Any) -> Any:
    command = Transfer.model_validate({"to": to or {"specialist": "ben"}, "reason": "x", **more})
    return decide(start, command, context(who, config=given))


def refused(start: Case, who: Who = ANA, *, given: Configuration = CONFIG, **more: Any) -> Reason:
    with pytest.raises(Refusal) as found:
        transfer(start, who, given=given, **more)
    return found.value.reason


def test_the_case_is_open_again_and_asked_for() -> None:
    held = after(case(), Acknowledge())
    (step,) = transfer(held, to={"pool": "latam"}).steps

    assert (step.case.status, step.case.acknowledged_by, step.case.acknowledged_at) == ("open", None, None)
    assert (step.change.to.pool, step.change.to.specialist) == ("latam", None)


def test_waiting_ends_before_the_case_is_handed_over() -> None:
    waiting = after(case(), Acknowledge(), PendCommand(reason="a"), PendCommand(reason="b"))

    steps = transfer(waiting).steps

    assert [step.kind.type for step in steps] == ["tocsin.case.resumed", "tocsin.case.transferred"]
    assert steps[-1].case.pends == ()


@pytest.mark.parametrize("to", [{"specialist": "nobody"}, {"pool": "nobody"}])
def test_an_unknown_target_is_named(to: dict[str, str]) -> None:
    with pytest.raises(Invalid) as found:
        transfer(case(), to=to)
    assert found.value.faults[0].loc == ("to", *to)


def test_a_certification_is_never_overridden() -> None:
    uncertified = roster(certifications=[])

    assert refused(case(policy_area="child_safety"), LEAD, given=uncertified) is Reason.MISSING_CERTIFICATION
    assert transfer(case(), given=uncertified).steps


def test_who_is_excluded_stays_excluded() -> None:
    assert refused(case(excluded_specialists=["ben"]), LEAD) is Reason.CONFLICT_OF_INTEREST


@pytest.mark.parametrize("field", [{"affiliations": ["MX"]}, {"opt_outs": ["violent_content"]}])
def test_what_is_private_reads_unavailable_to_others(field: dict[str, Any]) -> None:
    known = {"affiliations": Reason.CONFLICT_OF_INTEREST, "opt_outs": Reason.OPTED_OUT}[next(iter(field))]

    assert refused(case(), ANA, given=roster(**field)) is Reason.UNAVAILABLE
    assert refused(case(), BEN, given=roster(**field)) is known
    assert refused(case(), LEAD, given=roster(**field)) is known


def test_a_group_of_countries_is_an_affiliation_with_each_and_with_none_unknown() -> None:
    european = roster(affiliations=["EU"])

    assert refused(case(region="DE"), LEAD, given=european) is Reason.CONFLICT_OF_INTEREST
    assert transfer(case(region="MX"), given=european).steps
    assert transfer(case(region="ZZ"), given=european).steps


def test_only_a_lead_overrides_exposure() -> None:
    assert refused(case(), ANA, override_exposure=True) is Reason.LEADS_ONLY
    (step,) = transfer(case(), LEAD, given=roster(opt_outs=["violent_content"]), override_exposure=True).steps
    assert step.change.override_exposure is True


def test_shift_language_and_capacity_are_overridden() -> None:
    assert transfer(case(language="ja"), given=roster(regions=["DE"], policy_areas=["hateful_conduct"])).steps
