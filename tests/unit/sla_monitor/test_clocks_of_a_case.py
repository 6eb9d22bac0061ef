"""The start and stop table of semantics section 2, told as stories."""

from datetime import timedelta

from shared.contracts.vocabulary import ClockKind, ClockState
from tests.unit.sla_monitor.rules import Bench, after, rules, state
from tests.unit.sla_monitor.tale import T0, Tale, minutes

ORDER = {"clock": "eu.tco.art3", "reference": "BKA-1", "received_at": 0}


class TestInternalClocks:
    def test_a_critical_case_has_the_clocks_of_its_severity_from_received_at_on(self) -> None:
        bench = after(Tale().opened(2, received=0), 3)

        assert bench.names() == {"acknowledge", "first_action", "resolve"}
        assert bench.clock("acknowledge").due_at == minutes(5)
        assert bench.clock("resolve").due_at == minutes(60)
        assert bench.clock("resolve").kind is ClockKind.INTERNAL
        assert bench.told("resolve") == ["started"]

    def test_a_severity_without_a_target_has_no_such_clock(self) -> None:
        assert after(Tale(severity="medium").opened(), 1).names() == {"acknowledge"}

    def test_a_clock_of_business_hours_stands_still_at_night(self) -> None:
        bench = after(Tale(severity="low").opened(), 1)

        # 10:00 on Monday in Berlin: seven hours until 17:00, the eighth on Tuesday from 09:00 on.
        assert bench.clock("resolve").due_at == T0 + timedelta(hours=24)

    def test_accepting_the_assignment_stops_acknowledge(self) -> None:
        bench = after(Tale().opened().accepted(3), 4)

        assert state(bench.clock("acknowledge")) == ("met", 3)
        assert bench.told("acknowledge") == ["started", "met"]

    def test_the_first_of_several_stops_counts(self) -> None:
        bench = after(Tale().opened().accepted(4).acknowledged(2, typed=5).resolved(5), 6)

        assert state(bench.clock("acknowledge")) == ("met", 2)

    def test_a_stop_at_due_is_in_time(self) -> None:
        assert state(after(Tale().opened().acknowledged(5), 6).clock("acknowledge")) == ("met", 5)

    def test_only_a_done_action_stops_first_action(self) -> None:
        tale = Tale().opened().acted(3, "suspend", state="proposed")
        assert state(after(tale, 4).clock("first_action")) == ("running", None)

        tale.acted(6, "suspend")
        assert state(after(tale, 7).clock("first_action")) == ("met", 6)

    def test_resolving_stops_what_still_runs(self) -> None:
        bench = after(Tale().opened().resolved(4), 5)

        states = {clock.state for clock in bench.case.clocks} if bench.case else set()
        assert states == {ClockState.MET}

    def test_no_clock_starts_before_intake_was_heard(self) -> None:
        tale = Tale().opened().accepted(3)
        bench = Bench(tale).hears([tale.told[1]], now=minutes(4))
        assert bench.names() == set()

        bench.hears([tale.told[0]], now=minutes(5))
        assert state(bench.clock("acknowledge")) == ("met", 3)

    def test_a_case_whose_opening_was_never_heard_is_judged_by_its_summary(self) -> None:
        tale = Tale().opened(orders=[ORDER], stakeholders=True).noted(2)

        bench = Bench(tale).hears(tale.told[1:], now=minutes(3))

        assert bench.names() == {"acknowledge", "first_action", "update", "resolve", "eu.tco.art3"}
        assert bench.clock("acknowledge").due_at == minutes(5)


class TestUpdates:
    def test_without_stakeholders_nobody_waits_for_an_update(self) -> None:
        assert "update" not in after(Tale().opened(), 1).names()

    def test_each_update_ends_a_cycle_and_starts_the_next(self) -> None:
        bench = after(Tale().opened(1, stakeholders=True).updated(30).updated(50), 51)

        assert state(bench.clock("update", 1)) == ("met", 30)
        assert state(bench.clock("update", 2)) == ("met", 50)
        assert bench.clock("update", 3).started_at == minutes(50)
        assert bench.clock("update", 3).due_at == minutes(170)
        assert bench.clock("update", 1).started_at == minutes(1)

    def test_stakeholders_that_come_with_a_later_report_start_it_then(self) -> None:
        bench = after(Tale().opened().report_added(20, received=10, stakeholders=True), 21)

        assert bench.clock("update").started_at == minutes(20)

    def test_resolving_cancels_it(self) -> None:
        bench = after(Tale().opened(stakeholders=True).resolved(30), 31)

        assert state(bench.clock("update")) == ("cancelled", 30)
        assert bench.told("update") == ["started", "cancelled"]


class TestPauses:
    def test_pending_pauses_all_internal_clocks_but_acknowledge(self) -> None:
        bench = after(Tale().opened(stakeholders=True).pended(2, "vendor"), 3)

        states = {name: bench.clock(name).state.value for name in bench.names()}
        assert states == {"acknowledge": "running", "first_action": "paused", "resolve": "paused", "update": "paused"}
        assert bench.clock("resolve").due_at is None
        assert bench.clock("resolve").next_at is None

    def test_resuming_moves_due_by_the_pause(self) -> None:
        bench = after(Tale().opened().pended(10, "vendor").resumed(25), 26)

        assert bench.clock("resolve").due_at == minutes(75)
        assert state(bench.clock("resolve")) == ("running", None)

    def test_reasons_that_overlap_count_once(self) -> None:
        tale = Tale().opened().pended(10, "vendor").pended(15, "vendor", "counsel").resumed(20, "counsel").resumed(30)

        assert after(tale, 31).clock("resolve").due_at == minutes(80)

    def test_the_pause_is_told_when_it_begins_and_ends(self) -> None:
        tale = Tale().opened().pended(10, "vendor").resumed(25)
        bench = Bench(tale)
        for place, received in enumerate(tale.told):
            bench.hears([received], now=minutes(30 + place))

        assert bench.told("resolve") == ["started", "paused", "resumed"]

    def test_a_transfer_ends_the_pause(self) -> None:
        tale = Tale().opened().pended(10, "vendor")
        tale._intake("transferred", 15, {"to": {"pool": "latam"}, "reason": "language"})

        assert after(tale, 16).clock("resolve").due_at == minutes(65)

    def test_a_regulatory_clock_is_suspended_only_by_its_own_reasons(self) -> None:
        tale = Tale().opened(orders=[ORDER]).pended(10, "vendor").pended(20, "vendor", "clarification").resumed(30)

        assert after(tale, 31).clock("eu.tco.art3").due_at == minutes(70)

    def test_acknowledged_while_paused_is_met(self) -> None:
        tale = Tale().opened().pended(10, "vendor").resolved(500)

        assert state(after(tale, 501).clock("resolve")) == ("met", 500)


class TestRegulatoryClocks:
    def test_an_order_starts_its_clock_at_its_own_received_at(self) -> None:
        bench = after(Tale(region="MX").opened(12, orders=[{**ORDER, "received_at": 10}]), 13)

        clock = bench.clock("eu.tco.art3")
        assert (clock.started_at, clock.due_at) == (minutes(10), minutes(70))
        assert clock.kind is ClockKind.REGULATORY

    def test_one_of_its_actions_stops_it_and_no_other(self) -> None:
        tale = Tale().opened(orders=[ORDER]).acted(5, "suspend")
        assert state(after(tale, 6).clock("eu.tco.art3")) == ("running", None)

        tale.acted(8, "withhold_in_country")
        assert state(after(tale, 9).clock("eu.tco.art3")) == ("met", 8)

    def test_resolving_stops_it_too(self) -> None:
        assert state(after(Tale().opened(orders=[ORDER]).resolved(20), 21).clock("eu.tco.art3")) == ("met", 20)

    def test_the_order_s_own_due_wins_over_the_target(self) -> None:
        bench = after(Tale().opened(orders=[{**ORDER, "due_at": 20}]), 1)

        assert bench.clock("eu.tco.art3").due_at == minutes(20)

    def test_an_order_told_twice_is_one_clock_and_another_reference_another(self) -> None:
        tale = Tale().opened(orders=[ORDER]).report_added(5, orders=[{**ORDER, "received_at": 5}])
        tale.report_added(9, orders=[{**ORDER, "reference": "BKA-2", "received_at": 8}])

        bench = after(tale, 10)

        assert bench.clock("eu.tco.art3", 1, "BKA-1").due_at == minutes(60)
        assert bench.clock("eu.tco.art3", 2, "BKA-2").due_at == minutes(68)

    def test_what_was_done_before_an_order_came_does_not_answer_it(self) -> None:
        tale = Tale().opened().acted(5).report_added(9, orders=[{**ORDER, "received_at": 8}])

        assert state(after(tale, 10).clock("eu.tco.art3")) == ("running", None)

    def test_an_order_without_a_due_of_its_own_waits_where_the_law_leaves_it_to_the_order(self) -> None:
        order = {"clock": "sg.order", "reference": "S-1", "received_at": 0}
        bench = after(Tale().opened(orders=[order]), 1)
        assert bench.case is not None
        assert bench.case.waiting == "order_without_due:sg.order"

        bench = after(Tale().opened(orders=[{**order, "due_at": 90}]), 1)
        assert bench.clock("sg.order").due_at == minutes(90)

    def test_a_definition_that_is_not_known_yet_waits_for_a_newer_configuration(self) -> None:
        tale = Tale().opened(orders=[{**ORDER, "clock": "xx.new"}])
        bench = after(tale, 1)
        assert bench.case is not None
        assert bench.case.waiting == "unknown_clock:xx.new"
        assert bench.names() == {"acknowledge", "first_action", "resolve"}

        law = {"id": "xx.new", "jurisdiction": "EU", "trigger": "legal_order", "target": "PT2H", "basis": "new"}
        newer = rules("v2", regulatory=[{**law, "certainty": "low", "source": "s", "verified_on": "2026-11-22"}])
        bench.take_up(newer).hears([], now=minutes(2))

        assert bench.case.waiting is None
        assert bench.clock("xx.new").due_at == minutes(120)
        assert (bench.clock("xx.new").version, bench.clock("resolve").version) == ("v2", "v1")

    def test_a_disabled_law_starts_nothing(self) -> None:
        assert "de.netzdg" not in after(Tale().opened(), 1).names()

    def test_a_reporter_of_the_kind_starts_it_where_region_and_area_match(self) -> None:
        ncim = "non_consensual_intimate_media"
        assert "us.take-it-down" in after(_depicted("US", ncim), 1).names()
        assert "us.take-it-down" not in after(_depicted("MX", ncim), 1).names()
        assert "us.take-it-down" not in after(_depicted("US", "spam"), 1).names()
        assert "us.take-it-down" not in after(Tale(region="US", policy_area=ncim).opened(reporter="user"), 1).names()

    def test_a_region_group_stands_for_its_members(self) -> None:
        assert "eu.notice" in after(Tale(policy_area="hateful_conduct", region="PT").opened(), 1).names()
        assert "eu.notice" not in after(Tale(policy_area="hateful_conduct", region="CH").opened(), 1).names()

    def test_a_later_report_starts_what_the_case_lacks_at_its_own_received_at(self) -> None:
        tale = Tale(region="US", policy_area="non_consensual_intimate_media").opened(reporter="user")
        tale.report_added(40, received=30, reporter="depicted_person")
        tale.report_added(50, received=45, reporter="depicted_person")

        bench = after(tale, 51)

        assert bench.clock("us.take-it-down").started_at == minutes(30)

    def test_a_law_counts_only_while_it_is_in_force(self) -> None:
        early = Tale(region="US", policy_area="non_consensual_intimate_media")
        early.opened(received=-300 * 1440, reporter="depicted_person")

        assert "us.take-it-down" not in after(early, 1).names()

    def test_severity_does_not_matter_to_it(self) -> None:
        tale = Tale().opened(orders=[ORDER]).reclassified(10, severity="low")

        assert after(tale, 11).clock("eu.tco.art3").due_at == minutes(60)


def _depicted(region: str, area: str) -> Tale:
    return Tale(region=region, policy_area=area).opened(reporter="depicted_person")
