"""Plain words: lengths of time, clocks, routing decisions, events of a timeline."""

from datetime import timedelta
from typing import Any

import pytest

from services.client import event_words, routing_words, words
from shared.contracts.registry import EVENT_TYPES
from tests.support.shapes import NOON, candidate, clock, decision


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
        (3601, "1 h"),
        (90000, "1 d 1 h"),
        (-75, "1 min 15 s"),
    ],
)
def test_a_length_is_its_two_largest_units(seconds: float, said: str) -> None:
    assert words.length(seconds) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "30 min left"),
        ({"remaining_seconds": -5}, "overdue by 5 s"),
        ({"state": "paused"}, "paused with 30 min left"),
        ({"state": "met", "stopped_at": NOON}, "met with 30 min to spare"),
        ({"state": "breached", "remaining_seconds": -60}, "breached, overdue by 1 min"),
        ({"state": "breached", "remaining_seconds": -60, "stopped_at": NOON}, "breached, stopped 1 min late"),
        (
            {"state": "breached", "cause": "late_arrival", "remaining_seconds": -1},
            "breached, overdue by 1 s (late arrival)",
        ),
        ({"state": "rescinded"}, "rescinded"),
    ],
)
def test_a_clock_says_where_it_stands(changes: dict[str, Any], said: str) -> None:
    assert words.clock(clock(**changes)) == said


def test_text_from_outside_cannot_command_a_terminal() -> None:
    assert words.plain("a\x1b[31mb\nc\u202ed") == "a [31mb c d"
    for said in ("زبان", "ไทย", "日本語", "क्\u200dष", "می\u200cروم"):
        assert words.plain(said) == said


def test_an_assigned_case_says_who_ahead_of_whom_and_why() -> None:
    view = decision(
        excluded={"off_shift": 3, "language": 7}, relaxed=[{"requirement": "region", "why": "slack_too_short"}]
    )
    assert routing_words.routing(view) == [
        "Given to ana with score 2.5, ahead of ben (1.25).",
        "Does not match its region: slack too short.",
        "The score: urgency +2.75, region -0.25.",
        "Not considered: 7 without the language, 3 off shift.",
    ]


def test_a_waiting_case_says_what_it_waits_for() -> None:
    view = decision("waiting", waiting_reason="at_capacity", excluded={"at_capacity": 2})
    assert routing_words.routing(view) == ["Waits: at capacity.", "Not considered: 2 at capacity."]


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (decision(), "ana: full match, best of 2"),
        (decision(candidates=[candidate("ana", 1.0)]), "ana: only full match"),
        (decision(relaxed=[{"requirement": "language", "why": "x"}]), "ana: language relaxed, best of 2"),
        (decision("unroutable", waiting_reason="language"), "unroutable: language"),
    ],
)
def test_in_a_cell_a_decision_is_a_few_words(view: Any, said: str) -> None:
    assert routing_words.brief(view) == said


def test_an_event_that_it_does_not_know_says_nothing_rather_than_fail() -> None:
    assert event_words.event("tocsin.comet.seen", {"anything": 1}) == ""
    assert event_words.event("tocsin.case.opened", {}) == ""


def test_a_late_stop_says_how_late() -> None:
    change = {"clock": {"name": "acknowledge"}, "late_by": 65.0}
    assert event_words.event("tocsin.clock.stopped", change) == "acknowledge 1 min 5 s late"


def test_a_warning_says_its_level() -> None:
    assert event_words.event("tocsin.clock.warned", {"clock": {"name": "resolve"}, "percent": 90}) == "resolve at 90 %"


def test_reclassifying_says_what_changed() -> None:
    before = {"severity": "high", "language": "de"}
    change = {"before": before, "after": {**before, "severity": "critical"}}
    assert event_words.event("tocsin.case.reclassified", change) == "severity high → critical"


def test_every_event_type_of_a_case_has_words_or_needs_none() -> None:
    needs_none = {"case.snapshot", "staffing.gap", "exposure.infeasible"}
    unknown = [name for name in EVENT_TYPES if not event_words.knows(name)]
    assert {name.removeprefix("tocsin.") for name in unknown} <= needs_none


def test_lengths_are_never_negative() -> None:
    assert words.length(-timedelta(hours=1).total_seconds()) == "1 h"
