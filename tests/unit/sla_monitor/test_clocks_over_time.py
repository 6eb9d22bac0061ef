"""Clocks through a case's life: classified again, reopened, warned, breached and rescinded, told as stories."""

from shared.contracts.vocabulary import ClockState, EvidenceState
from tests.unit.sla_monitor.rules import after, state
from tests.unit.sla_monitor.tale import T0, Tale, minutes

ORDER = {"clock": "eu.tco.art3", "reference": "BKA-1", "received_at": 0}


class TestReclassifying:
    def test_a_new_severity_retargets_from_the_start(self) -> None:
        tale = Tale(severity="high").opened().pended(10, "vendor").resumed(20)
        bench = after(tale, 21)
        assert bench.clock("resolve").due_at == minutes(250)

        tale.reclassified(25, severity="critical")
        bench.hears(tale.told[-1:], now=minutes(25))

        assert bench.clock("resolve").due_at == minutes(70)
        assert bench.told("resolve") == ["started", "retargeted"]

    def test_already_past_under_the_new_target_is_breached_because_of_it(self) -> None:
        tale = Tale(severity="high").opened()
        bench = after(tale, 1)
        tale.reclassified(100, severity="critical")
        bench.hears(tale.told[-1:], now=minutes(100)).sweeps(minutes(100))

        clock = bench.clock("resolve")
        assert (clock.state, clock.cause) == (ClockState.BREACHED, "retarget")
        assert bench.told("resolve") == ["started", "retargeted", "breached"]

    def test_lowering_the_severity_never_erases_a_breach(self) -> None:
        tale = Tale().opened()
        bench = after(tale, 1).sweeps(minutes(61))
        tale.reclassified(62, severity="high")
        bench.hears(tale.told[-1:], now=minutes(62))

        assert bench.clock("resolve").state is ClockState.BREACHED
        assert bench.clock("resolve").due_at == minutes(60)

    def test_neither_when_the_breach_had_not_been_told_yet(self) -> None:
        bench = after(Tale().opened().reclassified(62, severity="high"), 63).sweeps(minutes(63))

        assert bench.clock("resolve").state is ClockState.BREACHED
        assert bench.told("resolve").count("breached") == 1

    def test_a_stop_before_the_change_is_judged_by_what_held_then(self) -> None:
        tale = Tale(severity="high").opened().acknowledged(20).reclassified(25, severity="critical")

        assert state(after(tale, 26).clock("acknowledge")) == ("met", 20)

    def test_laws_that_newly_fit_start_at_received_at_and_those_that_no_longer_do_are_cancelled(self) -> None:
        tale = Tale(policy_area="hateful_conduct", region="FR").opened(orders=[ORDER])
        bench = after(tale, 1)
        tale.reclassified(30, policy_area="spam")
        bench.hears(tale.told[-1:], now=minutes(30))
        assert state(bench.clock("eu.notice")) == ("cancelled", 30)
        assert state(bench.clock("eu.tco.art3")) == ("running", None)

        tale.reclassified(40, policy_area="hateful_conduct")
        bench.hears(tale.told[-1:], now=minutes(40))
        assert bench.clock("eu.notice", 2).started_at == T0

    def test_a_severity_without_the_clock_cancels_it(self) -> None:
        bench = after(Tale().opened().reclassified(3, severity="medium"), 4)

        assert state(bench.clock("resolve")) == ("cancelled", 3)
        assert bench.clock("acknowledge").due_at == minutes(240)


class TestReopening:
    def test_acknowledge_and_first_action_do_not_start_again(self) -> None:
        bench = after(Tale().opened().resolved(4).reopened(20), 21)

        assert state(bench.clock("acknowledge")) == ("met", 4)
        assert state(bench.clock("first_action")) == ("met", 4)

    def test_soon_after_resolve_goes_on_without_the_time_in_between(self) -> None:
        bench = after(Tale().opened().resolved(10).reopened(500), 501)

        assert state(bench.clock("resolve")) == ("running", None)
        assert bench.clock("resolve").due_at == minutes(550)

    def test_reopened_and_resolved_in_one_go_it_tells_of_its_new_end(self) -> None:
        tale = Tale().opened().resolved(10)
        bench = after(tale, 11)
        tale.reopened(20).resolved(30)
        bench.hears(tale.told[-2:], now=minutes(31))

        assert state(bench.clock("resolve")) == ("met", 30)
        assert bench.told("resolve") == ["started", "met", "met"]
        assert bench.told("first_action") == ["started", "met"]

    def test_after_three_days_a_new_cycle_starts(self) -> None:
        later = 10 + 73 * 60
        bench = after(Tale().opened().resolved(10).reopened(later), later + 1)

        assert state(bench.clock("resolve", 1)) == ("met", 10)
        assert bench.clock("resolve", 2).due_at == minutes(later + 60)

    def test_regulatory_clocks_do_not_run_again(self) -> None:
        bench = after(Tale().opened(orders=[ORDER]).resolved(10).reopened(20), 21)

        assert state(bench.clock("eu.tco.art3")) == ("met", 10)


class TestFiring:
    def test_a_breach_by_a_clock_ahead_stands_for_one_that_is_behind(self) -> None:
        tale = Tale().opened()
        bench = after(tale, 1).sweeps(minutes(6))
        tale.noted(2)
        bench.hears(tale.told[-1:], now=minutes(4)).sweeps(minutes(6))

        assert bench.told("acknowledge") == ["started", "breached"]

    def test_a_clock_still_runs_at_due_and_breaches_once_behind_the_evidence(self) -> None:
        bench = after(Tale().opened(), 1)
        bench.sweeps(minutes(4.99))
        assert bench.clock("acknowledge").state is ClockState.RUNNING

        bench.sweeps(minutes(6)).sweeps(minutes(7))

        clock = bench.clock("acknowledge")
        assert (clock.state, clock.breached_at, clock.cause) == (ClockState.BREACHED, minutes(5), None)
        assert clock.evidence is EvidenceState.COMPLETE
        assert bench.told("acknowledge").count("breached") == 1

    def test_without_complete_evidence_the_breach_says_so(self) -> None:
        bench = after(Tale().opened(), 1).sweeps(minutes(6), caught_up=minutes(2))

        assert bench.clock("acknowledge").evidence is EvidenceState.LAGGING

    def test_a_late_stop_leaves_the_breach_and_is_told(self) -> None:
        tale = Tale().opened()
        bench = after(tale, 1).sweeps(minutes(6))
        tale.acknowledged(8)
        bench.hears(tale.told[-1:], now=minutes(8))

        assert state(bench.clock("acknowledge")) == ("breached", 8)
        assert bench.told("acknowledge")[-2:] == ["breached", "stopped"]

    def test_a_late_stop_heard_before_the_breach_fired_changes_nothing_of_that(self) -> None:
        bench = after(Tale().opened().acknowledged(8), 9)
        assert bench.clock("acknowledge").state is ClockState.RUNNING

        bench.sweeps(minutes(9))

        assert state(bench.clock("acknowledge")) == ("breached", 8)
        assert bench.told("acknowledge")[-2:] == ["breached", "stopped"]

    def test_a_stop_in_time_that_arrives_late_rescinds(self) -> None:
        tale = Tale().opened()
        bench = after(tale, 1).sweeps(minutes(6))
        tale.accepted(4)
        bench.hears(tale.told[-1:], now=minutes(7))

        assert state(bench.clock("acknowledge")) == ("rescinded", 4)
        assert bench.told("acknowledge")[-1] == "rescinded"

    def test_an_earlier_stop_rescinds_even_after_a_late_one_was_told(self) -> None:
        tale = Tale().opened().acknowledged(8)
        bench = after(tale, 9).sweeps(minutes(9))
        tale.accepted(5)
        bench.hears(tale.told[-1:], now=minutes(10))

        assert state(bench.clock("acknowledge")) == ("rescinded", 5)

    def test_a_pause_that_was_heard_too_late_takes_the_breach_back(self) -> None:
        tale = Tale().opened()
        bench = after(tale, 1).sweeps(minutes(61))
        tale.pended(50, "vendor")
        bench.hears(tale.told[-1:], now=minutes(62))

        assert bench.clock("resolve").state is ClockState.PAUSED
        assert bench.told("resolve")[-1] == "rescinded"

    def test_already_past_when_it_starts_it_breaches_as_late_arrival(self) -> None:
        bench = after(Tale().opened(20, received=0), 20).sweeps(minutes(20.1))

        clock = bench.clock("acknowledge")
        assert (clock.state, clock.cause, clock.breached_at) == (ClockState.BREACHED, "late_arrival", minutes(5))

    def test_a_monitor_that_was_down_does_not_call_it_late_arrival(self) -> None:
        bench = after(Tale().opened(0), 500).sweeps(minutes(501))

        assert bench.clock("acknowledge").cause is None
        assert bench.clock("acknowledge").breached_at == minutes(5)

    def test_thresholds_warn_one_after_the_other(self) -> None:
        bench = after(Tale().opened(), 1)
        for minute in (31, 46, 55, 61):
            bench.sweeps(minutes(minute))

        assert bench.told("resolve") == ["started", "warned", "warned", "warned", "breached"]
        assert [t.fired_at for t in bench.clock("resolve").thresholds] == [minutes(31), minutes(46), minutes(55)]

    def test_attached_late_only_the_highest_passed_level_warns(self) -> None:
        bench = after(Tale().opened(50, received=0), 50).sweeps(minutes(50)).sweeps(minutes(51))

        assert [t.fired_at for t in bench.clock("resolve").thresholds] == [None, minutes(50), None]

    def test_at_full_none_below_warns(self) -> None:
        bench = after(Tale().opened(65, received=0), 65).sweeps(minutes(65))

        assert bench.told("resolve") == ["started", "breached"]

    def test_a_paused_clock_neither_warns_nor_breaches(self) -> None:
        bench = after(Tale().opened().pended(10, "vendor"), 11).sweeps(minutes(9999))

        assert bench.told("resolve") == ["started", "paused"]

    def test_a_pause_after_due_does_not_hide_the_breach(self) -> None:
        bench = after(Tale().opened().pended(70, "vendor"), 71).sweeps(minutes(72))

        assert bench.clock("resolve").state is ClockState.BREACHED

    def test_an_update_due_before_the_case_was_resolved_breaches_and_ends(self) -> None:
        bench = after(Tale().opened(stakeholders=True).resolved(130), 131).sweeps(minutes(131))

        assert state(bench.clock("update")) == ("breached", 130)
        assert bench.told("update") == ["started", "breached", "cancelled"]
