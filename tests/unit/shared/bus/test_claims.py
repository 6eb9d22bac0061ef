"""A claimed position is read on from only where the log of the same cluster still holds it."""

import pytest

from shared.bus.ownership import fault_of
from shared.bus.positions import Claim, Place

PLACE = Place("tocsin.cases", 1)


@pytest.mark.parametrize("position", [10, 15, 20])
def test_a_position_within_the_log_is_fine_ends_included(position: int) -> None:
    assert fault_of(Claim(PLACE, 1, position, "here"), {PLACE: 10}, {PLACE: 20}, "here") is None


@pytest.mark.parametrize("position", [9, 21])
def test_a_position_outside_of_the_log_names_the_runbook(position: int) -> None:
    fault = fault_of(Claim(PLACE, 1, position, "here"), {PLACE: 10}, {PLACE: 20}, "here")
    assert fault is not None
    assert str(position) in fault
    assert "docs/runbooks/position-out-of-range.md" in fault


def test_another_cluster_is_named_with_the_runbook() -> None:
    fault = fault_of(Claim(PLACE, 1, 15, "there"), {PLACE: 10}, {PLACE: 20}, "here")
    assert fault is not None
    assert "cluster there" in fault
    assert "docs/runbooks/position-out-of-range.md" in fault
