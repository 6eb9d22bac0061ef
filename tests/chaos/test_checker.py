"""The checker, given a history with one fault of each kind, finds that one and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos import crowded, history, spoilt
from tests.chaos.checker import check
from tests.chaos.forged import CALM, Forge, at
from tests.chaos.history import Call, Kind, Log
from tests.chaos.kept import forged
from tests.chaos.observed import Disturbance
from tests.chaos.verdict import Figure


def test_a_history_in_which_every_promise_was_kept_passes() -> None:
    verdict = check(forged().observed())

    assert verdict.clean, verdict.summary()
    assert set(verdict.figures.values()) == {0}
    assert list(verdict.figures) == [figure.value for figure in Figure]


@pytest.mark.parametrize(("figure", "spoil"), spoilt.FAULTS, ids=[spoil.__name__ for _, spoil in spoilt.FAULTS])
def test_one_fault_is_found_and_only_that_one(figure: Figure, spoil: Callable[[Forge], None]) -> None:
    forge = forged()
    spoil(forge)

    verdict = check(forge.observed())

    assert verdict.broken == [figure], verdict.summary()
    assert not verdict.clean


def test_every_figure_has_a_fault_that_raises_it() -> None:
    assert {figure for figure, _ in spoilt.FAULTS} == set(Figure)


def test_a_round_without_activity_is_no_clean_round() -> None:
    verdict = check(Forge().observed())

    assert verdict.broken == []
    assert "clocks breached" in verdict.idle
    assert not verdict.clean
    assert "never happened: cases opened" in verdict.summary()


def test_what_is_rare_may_be_missing_and_is_told() -> None:
    forge = forged()
    forge.calls = [call for call in forge.calls if call.kind is not Kind.PAGE_ACK]

    verdict = check(forge.observed())

    assert verdict.idle == ["pages acknowledged"]
    assert verdict.clean, verdict.summary()
    assert "never happened: pages acknowledged" in verdict.summary()


def test_repetitions_are_reported_and_are_no_faults() -> None:
    forge = forged()
    forge.arrive("hook-0", "page.triggered", "p-1", 10.4)
    forge.records.append(replace(forge.records[0], offset=99))
    forge.calls.append(replace(forge.calls[0], status=None, answer={}, error="ReadTimeout"))

    verdict = check(forge.observed())

    assert verdict.clean, verdict.summary()
    assert verdict.reported["requests with a webhook-id used before"] == 1
    assert verdict.reported["records sent again"] == 1
    assert verdict.reported["unknown outcomes"] == 1


def test_what_callers_never_heard_of_may_be_there_or_not() -> None:
    forge = forged()
    forge.call(Kind.ESCALATION, "escalation", "report-tool", 50, None, external_id="ext-9")
    forge.call(Kind.COMMAND, "note", "ana", 51, 503, subject=CALM)

    assert check(forge.observed()).broken == []


def test_a_claim_and_a_transfer_by_name_may_exceed_a_capacity() -> None:
    forge = forged()
    crowded.six_units_of_ana(forge)
    forge.open("case-claimed", "low", "ext-20", 41, 41, "s-20")
    forge.assign("case-claimed", "a-20", "ana", "offered", 42, claimed=True)
    forge.open("case-named", "low", "ext-21", 43, 43, "s-21")
    forge.tell("intake", "case-named", "case.transferred", 44, {"to": {"specialist": "ana"}})
    forge.assign("case-named", "a-21", "ana", "offered", 45)

    assert check(forge.observed()).broken == []


def test_what_was_booked_first_counts_whatever_was_written_down_first() -> None:
    """A claim reads its instant before it waits for the specialist's lock, and an offer may get that lock first."""
    forge = forged()
    crowded.offer_crosses_claim(forge, claim_booked=42.01)

    assert check(forge.observed()).broken == []


def test_a_monitor_whose_clock_is_ahead_believes_itself() -> None:
    forge = forged()
    spoilt.a_clock_breaches_before_it_is_due(forge)
    forge.disturbances.append(Disturbance(what="sla_monitor", act="clock", start=at(50), end=at(58)))

    assert check(forge.observed()).broken == []


def test_a_stop_that_kafka_did_not_show_is_no_evidence() -> None:
    forge = forged()
    spoilt.breached_although_stopped(forge)
    forge.disturbances.append(Disturbance(what="kafka", act="kill", start=at(5), end=at(12)))

    assert check(forge.observed()).broken == []


def test_a_breach_without_evidence_waits_for_thirty_seconds() -> None:
    forge = forged()
    spoilt.breached_although_stopped(forge, recorded=41, evidence="lagging")

    verdict = check(forge.observed())

    assert verdict.broken == []
    assert verdict.reported["breaches on lagging evidence"] == 1


def test_a_frozen_notifier_cannot_be_fenced() -> None:
    forge = forged()
    forge.disturbances.append(Disturbance(what="notifier", act="freeze", start=at(29), end=at(34)))
    forge.arrive("hook-0", "page.triggered", "p-1", 34.2)

    verdict = check(forge.observed())

    assert verdict.broken == []
    assert verdict.reported["sends of a thawed notifier"] == 1


@pytest.mark.parametrize(
    ("act", "faults"), [("delay", []), ("cut", [Figure.AFTER_ACK]), ("deafen", [Figure.AFTER_ACK])]
)
def test_only_a_slow_link_makes_a_call_late(act: str, faults: list[Figure]) -> None:
    forge = forged()
    forge.disturbances.append(Disturbance(what="pager", act=act, start=at(29), end=at(34)))
    forge.arrive("hook-0", "page.triggered", "p-1", 33)

    assert check(forge.observed()).broken == faults


def test_a_clock_that_was_met_may_prove_to_have_been_met_earlier() -> None:
    forge = forged()
    forge.clocks[CALM, "acknowledge"]["stopped_at"] = at(5)
    assert check(forge.observed()).broken == []

    forge.clocks[CALM, "acknowledge"]["stopped_at"] = at(7)
    assert check(forge.observed()).broken == [Figure.DIVERGED]


def test_a_paused_clock_is_due_later() -> None:
    """Twenty seconds of waiting move due of `first_action` beyond the stop."""
    forge = forged()
    forge.open("case-paused", "critical", "ext-30", 5, -1785, "s-30")
    forge.command("case-paused", "acknowledge", "case.acknowledged", 5.2, by="lead", status="acknowledged")
    forge.clock("case-paused", "acknowledge", "breached", 5.3, state="breached")
    spoilt.page_about(forge, "case-paused", "acknowledge", 5.4)
    spoilt.pend(forge, "case-paused", 6, ["translation"])
    spoilt.pend(forge, "case-paused", 26, [])
    forge.clock("case-paused", "first_action", "paused", 6.1, due_at=at(35))
    forge.command("case-paused", "act", "case.action_taken", 30, by="lead")
    forge.clock("case-paused", "first_action", "met", 30.1, state="met", stopped_at=at(30))

    assert check(forge.observed()).broken == []

    forge.clock("case-paused", "first_action", "breached", 30.2, state="breached", stopped_at=at(30))
    spoilt.page_about(forge, "case-paused", "first_action", 30.3)
    assert Figure.UNFOUNDED in check(forge.observed()).broken


def test_the_log_gives_back_what_was_written_to_it(tmp_path: Path) -> None:
    calls = [
        Call(kind=Kind.ESCALATION, name="escalation", principal="ana", started=at(0), ended=at(1), status=202),
        Call(kind=Kind.PAGE_ACK, name="link", principal="ana", started=at(1), ended=at(2), error="ReadTimeout"),
    ]
    with Log(tmp_path / "calls.ndjson") as log:
        for call in calls:
            log.write(call)
        assert history.read(log.path) == calls
    with log.path.open("a") as file:
        file.write('{"kind": "escala')
    assert history.read(log.path) == calls
    assert [call.taken for call in calls] == [True, False]
    assert [call.unknown for call in calls] == [False, True]
