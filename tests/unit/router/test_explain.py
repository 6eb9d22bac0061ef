"""What of a decision each reader sees."""

from services.router.explain import as_read_by, brief, view
from services.router.matching import decide_one
from shared.contracts.views import DecisionView
from shared.ids import uuid7
from tests.unit.router.people import NOW, case, floor, person, rules, standing


def decision() -> DecisionView:
    """Ana could take it; Ben has a conflict and opted out, Cho is full."""
    staff = [
        person("ana"),
        person("ben", affiliations=("US",), opt_outs=frozenset({"violent_content"})),
        person("cho", opt_outs=frozenset({"violent_content"})),
    ]
    decided = decide_one(floor(rules(*staff), cho=standing(load=2)), case())
    return view(decided, decision_id=uuid7(), decided_at=NOW)


def test_it_is_kept_as_it_was_decided() -> None:
    kept = decision()
    assert kept.excluded_by == {"ben": ("conflict_of_interest", "opted_out"), "cho": ("opted_out", "at_capacity")}
    assert kept.excluded == {"at_capacity": 1, "conflict_of_interest": 1, "opted_out": 2}
    assert kept.score == kept.candidates[0].score


def test_others_read_that_somebody_is_unavailable_and_not_why() -> None:
    seen = as_read_by("ana", decision())
    assert seen.excluded_by == {"ben": ("unavailable",), "cho": ("unavailable", "at_capacity")}
    assert seen.excluded == {"at_capacity": 1, "unavailable": 2}


def test_each_reads_what_concerns_oneself() -> None:
    seen = as_read_by("ben", decision())
    assert seen.excluded_by["ben"] == ("conflict_of_interest", "opted_out")
    assert seen.excluded_by["cho"] == ("unavailable", "at_capacity")
    assert seen.excluded == {"at_capacity": 1, "conflict_of_interest": 1, "opted_out": 1, "unavailable": 1}


def test_leads_read_everything() -> None:
    kept = decision()
    assert as_read_by("lead", kept, lead=True) == kept


def test_events_name_nobody_who_was_excluded() -> None:
    told = brief(decision()).model_dump(mode="json")
    assert "excluded_by" not in told
    assert told["excluded"] == {"at_capacity": 1, "unavailable": 2}
