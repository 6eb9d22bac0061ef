"""What a source may send, and the report made of it."""

from datetime import timedelta
from typing import Any

import pytest

from services.intake.checks import faults_of, window_fault
from services.intake.report import report_of
from shared.contracts.vocabulary import Severity
from tests.support.config_dir import configuration
from tests.unit.intake.cases import CONFIG, NOW, config, escalation, report

ORDER = {"clock": "eu.tco.art3", "reference": "R-1"}


def named(**fields: Any) -> list[tuple[str | int, ...]]:
    """Where faults are found."""
    return [fault.loc for fault in faults_of(escalation(**fields), CONFIG)]


def test_defaults_are_the_policy_area_s() -> None:
    child = report(policy_area="child_safety")

    assert (child.severity, child.graphic, child.received_at) == (Severity.CRITICAL, 3, NOW)


def test_what_is_sent_wins_over_the_defaults() -> None:
    mild = report(policy_area="child_safety", severity="low", graphic=0)

    assert (mild.severity, mild.graphic) == (Severity.LOW, 0)


def test_an_unknown_area_is_medium_and_not_graphic() -> None:
    unknown = report(policy_area="unknown")

    assert (unknown.severity, unknown.graphic) == (Severity.MEDIUM, 0)
    assert named(policy_area="unknown", language="und", region="ZZ") == []


@pytest.mark.parametrize(
    ("fields", "loc"),
    [
        ({"policy_area": "any"}, ("policy_area",)),
        ({"region": "EU"}, ("region",)),
        ({"region": "XX"}, ("region",)),
        ({"legal_orders": [ORDER, {**ORDER, "clock": "none"}]}, ("legal_orders", 1, "clock")),
        ({"stakeholders": [{"address": "a@b.example.org"}]}, ("stakeholders", 0, "address")),
    ],
)
def test_unknown_ids_and_addresses_are_named(fields: dict[str, Any], loc: tuple[str | int, ...]) -> None:
    assert named(**fields) == [loc]


def test_addresses_are_compared_without_case() -> None:
    assert named(stakeholders=[{"address": "A@Example.ORG"}]) == []


def test_specialists_that_the_roster_does_not_know_are_kept() -> None:
    assert report(excluded_specialists=["nobody", "ana", "nobody"]).excluded_specialists == ("nobody", "ana")


def test_only_enabled_clocks_of_orders_can_be_named() -> None:
    sla = configuration(pager_url="http://x.test")["sla"]
    order = sla["regulatory"][0]
    sla["regulatory"] = [
        {**order, "id": "off", "enabled": False},
        {**order, "id": "on.report", "trigger": "report"},
        {**{k: v for k, v in order.items() if k != "target"}, "id": "by.order", "order_specified": True},
    ]
    changed = config(sla=sla)

    def faults(**fields: Any) -> list[tuple[str | int, ...]]:
        orders = [{"reference": "R", **fields}]
        return [fault.loc[2:] for fault in faults_of(escalation(legal_orders=orders), changed)]

    assert faults(clock="off") == [("clock",)]
    assert faults(clock="on.report") == [("clock",)]
    assert faults(clock="by.order") == [("due_at",)]
    assert faults(clock="by.order", due_at="2026-11-23T00:00:00Z") == []


@pytest.mark.parametrize(
    ("offset", "fine"),
    [
        (timedelta(days=-30), True),
        (timedelta(days=-30, microseconds=-1), False),
        (timedelta(minutes=5), True),
        (timedelta(minutes=5, microseconds=1), False),
    ],
)
def test_receipt_lies_within_the_window(offset: timedelta, fine: bool) -> None:
    sent = escalation(received_at=NOW + offset)

    assert (window_fault(sent, NOW) is None) == fine


def test_an_order_twice_in_one_escalation_is_one() -> None:
    assert len(report(legal_orders=[ORDER, ORDER]).legal_orders) == 1


def test_slots_need_a_subject() -> None:
    assert report().slot is None
    assert report(subject={"type": "ad", "id": "7", "url": "https://x"}).slot == ("ad", "7", "violent_content")
    assert report_of(escalation(), source="s", config=CONFIG, now=NOW).source == "s"
