"""Instants that no honest wall clock shows: ahead of their own recording, or due before anybody knew."""

from typing import Any

from services.sla_monitor.explaining import explained
from shared.contracts.vocabulary import ClockState
from tests.unit.sla_monitor.rules import RULES, Bench
from tests.unit.sla_monitor.tale import T0, Tale, minutes

ORDER: dict[str, Any] = {"clock": "eu.tco.art3", "reference": "BKA-1", "received_at": 0}


def after(tale: Tale, now: float) -> Bench:
    return Bench(tale).hears(tale.told, now=minutes(now))


def test_received_later_than_it_was_recorded_counts_from_the_recording() -> None:
    bench = after(Tale().opened(0, received=4), 1)

    assert bench.clock("resolve").started_at == T0
    assert bench.clock("resolve").due_at == minutes(60)


def test_so_does_an_order() -> None:
    bench = after(Tale().opened(0, orders=[{**ORDER, "received_at": 5}]), 1)

    assert (bench.clock("eu.tco.art3").started_at, bench.clock("eu.tco.art3").due_at) == (T0, minutes(60))


def test_a_case_known_by_its_summary_alone_does_not_start_later_than_it_was_heard_of() -> None:
    tale = Tale().opened(0, received=4, orders=[{**ORDER, "received_at": 5}]).noted(1)
    bench = Bench(tale).hears(tale.told[1:], now=minutes(2))

    assert bench.clock("resolve").started_at == minutes(1)
    assert bench.clock("eu.tco.art3").started_at == minutes(1)


def test_a_stop_ahead_of_its_recording_is_taken_as_the_recording() -> None:
    bench = after(Tale().opened().acknowledged(50, typed=3), 4)

    assert (bench.clock("acknowledge").state, bench.clock("acknowledge").stopped_at) == (ClockState.MET, minutes(3))


def test_an_order_due_before_it_was_received_is_late_when_it_starts() -> None:
    bench = after(Tale().opened(orders=[{**ORDER, "due_at": -30}]), 1).sweeps(minutes(1))

    clock = bench.clock("eu.tco.art3")
    assert (clock.started_at, clock.due_at, clock.breached_at) == (T0, T0, T0)
    assert (clock.state, clock.cause) == (ClockState.BREACHED, "late_arrival")
    assert bench.told("eu.tco.art3") == ["started", "breached"]
    view = explained(clock, RULES, minutes(10))
    assert (view.elapsed_seconds, view.remaining_seconds) == (600, -600)


def test_an_order_due_in_no_time_can_still_be_met_at_once() -> None:
    bench = after(Tale().opened(orders=[{**ORDER, "due_at": 0}]).acted(0), 1)

    assert bench.clock("eu.tco.art3").state is ClockState.MET


def test_an_order_starts_its_clock_outside_the_law_s_dates_too() -> None:
    """Better a deadline too many: whoever sent the order believes it to be in force."""
    early = {"clock": "us.take-it-down", "reference": "R-1", "received_at": -300 * 1440}

    assert "us.take-it-down" in after(Tale().opened(orders=[early]), 1).names()
