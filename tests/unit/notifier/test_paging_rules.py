"""The first rule that matches decides; none means no page."""

from typing import Any

import pytest

from services.notifier.paging_rules import Occasion, first_match
from shared.config.oncall import PagingRule
from shared.contracts.vocabulary import ClockKind, PageReasonKind, Severity

BREACH = Occasion(PageReasonKind.BREACH, Severity.HIGH, ClockKind.INTERNAL)


def rule(on: str, policy: str = "p", **conditions: Any) -> PagingRule:
    return PagingRule.model_validate({"on": on, "policy": policy, "urgency": "high", **conditions})


def test_the_first_that_matches_wins() -> None:
    rules = [rule("breach", "a", severities=["critical"]), rule("breach", "b"), rule("breach", "c")]
    found = first_match(rules, BREACH)
    assert found is not None
    assert found.policy == "b"


@pytest.mark.parametrize(
    "other",
    [
        rule("warning"),
        rule("breach", severities=["critical", "low"]),
        rule("breach", kinds=["regulatory"]),
        rule("platform"),
    ],
)
def test_none_means_no_page(other: PagingRule) -> None:
    assert first_match([other], BREACH) is None


def test_a_percent_names_one_threshold_and_without_it_every_one_matches() -> None:
    at_75 = Occasion(PageReasonKind.WARNING, Severity.HIGH, ClockKind.INTERNAL, 75)
    assert first_match([rule("warning", percent=90)], at_75) is None
    assert first_match([rule("warning", percent=75)], at_75) is not None
    assert first_match([rule("warning")], at_75) is not None


def test_what_has_no_case_meets_no_rule_that_asks_for_a_severity() -> None:
    assert first_match([rule("platform", severities=["critical"])], Occasion(PageReasonKind.PLATFORM)) is None
    assert first_match([rule("platform")], Occasion(PageReasonKind.PLATFORM)) is not None
