"""Why a clock is due when it is, as `tocsin case` draws it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.commands.clock_drawing import CLOSED, COUNTS, PAUSED, WIDTH, reasons
from services.sla_monitor.explaining import explained
from shared.contracts.clock_explanation import ExplainedClock
from shared.contracts.vocabulary import ClockState
from tests.unit.sla_monitor.rules import RULES, Bench
from tests.unit.sla_monitor.tale import Tale, minutes

NOW = minutes(500)


def shown(tale: Tale, name: str) -> ExplainedClock:
    """The clock as the monitor would explain it."""
    return explained(Bench(tale).hears(tale.told, now=NOW).clock(name), RULES, NOW)


def test_the_strip_shows_what_counts_what_was_paused_and_what_was_closed() -> None:
    tale = Tale(severity="low").opened().pended(60, "vendor").resumed(180)
    first, *_ = reasons(shown(tale, "resolve"), NOW)

    begin, drawn, end = first.split(" ")[1], first.split(" ")[2], " ".join(first.split(" ")[3:])
    assert (begin, end) == ("09:00:00Z", "due 2026-11-24 11:00:00Z")
    assert len(drawn) == WIDTH
    # 26 hours: one counts, two are paused, four count until 17:00 in Berlin, sixteen are closed, three count.
    assert [drawn.count(sign) for sign in (COUNTS, PAUSED, CLOSED)] == [15, 4, 29]
    assert drawn.startswith(COUNTS + COUNTS + PAUSED)
    assert drawn.endswith(CLOSED + COUNTS * 6)


def test_pauses_are_told_with_what_they_cost() -> None:
    tale = Tale(severity="low").opened().pended(60, "vendor").resumed(90).pended(480, "vendor")
    lines = reasons(shown(tale, "resolve"), NOW)

    assert "8 h of open time in berlin (mon-fri 09:00-17:00, Europe/Berlin), and 30 min of pauses" in lines
    assert "paused 10:00:00Z to 10:30:00Z: 30 min that do not count" in lines
    assert "paused 17:00:00Z to now: moves nothing, for nothing was open" in lines
    assert lines[0].endswith("now 17:20:00Z")


def test_a_legal_deadline_names_its_basis_its_source_and_what_suspends_it() -> None:
    order: dict[str, Any] = {"clock": "eu.tco.art3", "reference": "BKA-1", "received_at": 0}
    lines = reasons(shown(Tale().opened(orders=[order]), "eu.tco.art3"), NOW)

    assert lines[1] == "1 h around the clock"
    assert lines[-1] == (
        "legal deadline, version v1; order BKA-1; EU: test; test (verified 2026-11-22, certainty high);"
        " suspended by clarification"
    )


def test_an_ended_clock_reaches_to_its_stop_and_warns_no_more() -> None:
    clock = shown(Tale().opened().resolved(90), "resolve")
    assert clock.state is ClockState.RUNNING  # past due, the breach not fired yet
    stopped = clock.model_copy(update={"state": ClockState.BREACHED, "stopped_at": minutes(90)})

    lines = reasons(stopped, NOW)

    assert lines[0].endswith("stopped 10:30:00Z")
    assert not any(line.startswith("warns at") for line in lines)


def test_without_an_explanation_nothing_is_said() -> None:
    clock = shown(Tale().opened(), "resolve").model_copy(update={"explanation": None})

    assert reasons(clock, datetime(2026, 11, 23, tzinfo=UTC) + timedelta(days=1)) == []
