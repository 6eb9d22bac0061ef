"""Where other trackers' clocks went wrong over the life of a case: severity changed, resolved, told late."""

from services.sla_monitor.settlement import OPEN
from shared.contracts.vocabulary import ClockState
from tests.unit.sla_monitor.rules import Bench
from tests.unit.sla_monitor.tale import Tale, minutes


def told_one_by_one(tale: Tale, end: float) -> Bench:
    """Heard as it happened, with a sweep after each event and at the end."""
    bench = Bench(tale)
    for received in tale.told:
        bench.hears([received], now=received.occurred_at).sweeps(received.occurred_at)
    return bench.sweeps(minutes(end))


def test_pending_time_counts_for_the_new_target_too() -> None:
    """glpi-project/glpi 6902, ServiceNow KB0522964: a target attached by a new urgency forgot the pauses before."""
    bench = told_one_by_one(Tale(severity="high").opened().pended(5, "vendor").resumed(90), 91)
    bench.tale.reclassified(95, severity="critical")
    bench.hears(bench.tale.told[-1:], now=minutes(95)).sweeps(minutes(95))

    assert bench.clock("resolve").due_at == minutes(60 + 85)
    assert bench.clock("resolve").state in OPEN


def test_a_retarget_breaches_once_however_often_severity_goes_to_and_fro() -> None:
    tale = Tale(severity="high").opened()
    for minute, severity in ((100, "critical"), (110, "high"), (120, "critical"), (300, "high")):
        tale.reclassified(minute, severity=severity)
    bench = told_one_by_one(tale, 1000)

    assert bench.told("resolve").count("breached") == 1
    assert (bench.clock("resolve").state, bench.clock("resolve").cause) == (ClockState.BREACHED, "retarget")


def test_levels_below_a_retarget_that_is_past_due_are_skipped() -> None:
    bench = told_one_by_one(Tale(severity="high").opened().reclassified(100, severity="critical"), 101)

    assert "warned" not in bench.told("resolve")


def test_nobody_owes_an_update_for_a_resolved_case() -> None:
    """chatwoot/chatwoot 10178: the next response was still counted, and missed, after the conversation ended."""
    bench = told_one_by_one(Tale().opened(stakeholders=True).updated(30).resolved(40), 10_000)

    assert bench.clock("update", 2).state is ClockState.CANCELLED
    assert "breached" not in bench.told("update")


def test_resolved_in_time_is_no_breach_whenever_that_is_heard() -> None:
    """ServiceNow KB2734158: breached although it had been resolved before."""
    tale = Tale().opened().resolved(59, typed=200)
    bench = Bench(tale).hears(tale.told[:1], now=minutes(0)).sweeps(minutes(61))
    assert bench.clock("resolve").state is ClockState.BREACHED

    bench.hears(tale.told[1:], now=minutes(200))

    assert bench.clock("resolve").state is ClockState.RESCINDED


def test_a_shorter_first_target_is_not_hidden_by_another_clock() -> None:
    """zammad/zammad 5177: the time to update overruled that of the first response."""
    bench = told_one_by_one(Tale(severity="high").opened(stakeholders=True).updated(5), 6)

    assert bench.clock("acknowledge").due_at == minutes(30)
    assert bench.clock("update", 2).due_at == minutes(5 + 480)
