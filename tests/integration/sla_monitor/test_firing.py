"""Timers against a real database: behind the evidence, once, whatever order and whoever sweeps."""

import asyncio
from datetime import timedelta
from pathlib import Path

from shared.contracts.vocabulary import ClockState, EvidenceState, Topic
from tests.conftest import OpenDatabase
from tests.integration.sla_monitor.monitor import SECOND, Monitor
from tests.unit.sla_monitor.tale import Tale, minutes

ORDER = {"clock": "eu.tco.art3", "reference": "BKA-1", "received_at": 0}


async def test_a_breach_is_told_once_with_gapless_sequences(monitor: Monitor) -> None:
    tale = Tale().opened()
    await monitor.hears(tale.told)
    assert await monitor.sweep() == 0

    monitor.at(minutes(5) + SECOND)
    await monitor.caught_up()
    assert await monitor.sweep() == 1
    assert await monitor.sweep() == 0

    told = await monitor.told(tale.case_id)
    assert [t["seq"] for t in told] == list(range(1, len(told) + 1))
    breaches = [t for t in told if t["type"] == "breached"]
    assert len(breaches) == 1
    assert breaches[0]["occurred_at"] == breaches[0]["change"]["clock"]["due_at"] == "2026-11-23T09:05:00Z"
    assert breaches[0]["case"]["severity"] == "critical"
    assert monitor.reached == ["timer.before_fire", "timer.in_transaction", "timer.after_fire"]


async def test_without_evidence_of_both_topics_nothing_fires(monitor: Monitor) -> None:
    tale = Tale().opened()
    await monitor.hears(tale.told)
    monitor.at(minutes(5) + SECOND)

    await monitor.caught_up(topic=Topic.CASES)
    await monitor.sweep()
    assert await monitor.told_of(tale.case_id, "acknowledge") == ["started"]

    await monitor.caught_up(minutes(5) - SECOND, topic=Topic.ASSIGNMENTS)
    await monitor.sweep()
    assert await monitor.told_of(tale.case_id, "acknowledge") == ["started", "warned"]

    await monitor.caught_up(minutes(5), topic=Topic.ASSIGNMENTS)
    await monitor.sweep()
    assert await monitor.told_of(tale.case_id, "acknowledge") == ["started", "warned", "breached"]


async def test_a_stop_on_its_way_wins_over_the_timer(monitor: Monitor) -> None:
    tale = Tale().opened().acknowledged(4)
    await monitor.hears(tale.told[:1])
    monitor.at(minutes(5) + SECOND)
    await monitor.sweep()

    await monitor.hears(tale.told[1:])
    await monitor.caught_up()
    await monitor.sweep()

    assert await monitor.told_of(tale.case_id, "acknowledge") == ["started", "met"]


async def test_a_late_stop_says_how_late_it_was(monitor: Monitor) -> None:
    tale = Tale().opened()
    await monitor.hears(tale.told)
    monitor.at(minutes(5) + SECOND)
    await monitor.caught_up()
    await monitor.sweep()

    tale.acknowledged(7.5)
    await monitor.at(minutes(8)).hears(tale.told[-1:])

    last = (await monitor.told(tale.case_id))[-1]
    assert (last["type"], last["change"]["late_by"]) == ("stopped", 150.0)
    assert last["change"]["clock"]["state"] == "breached"
    assert last["occurred_at"] == "2026-11-23T09:07:30Z"


async def test_a_stop_in_time_that_arrives_late_rescinds_the_breach(monitor: Monitor) -> None:
    tale = Tale().opened().accepted(4)
    await monitor.hears(tale.told[:1])
    monitor.at(minutes(5) + SECOND)
    await monitor.caught_up()
    await monitor.sweep()

    await monitor.hears(tale.told[1:])

    last = (await monitor.told(tale.case_id))[-1]
    assert (last["type"], last["change"]["clock"]["state"]) == ("rescinded", "rescinded")
    assert (await monitor.clocks(tale.case_id))["acknowledge"].next_at is None


async def test_after_thirty_seconds_it_fires_all_the_same_and_says_so(monitor: Monitor) -> None:
    tale = Tale().opened()
    await monitor.hears(tale.told)
    await monitor.sweep()

    monitor.at(minutes(5) + timedelta(seconds=29))
    await monitor.sweep()
    assert (await monitor.clocks(tale.case_id))["acknowledge"].state is ClockState.RUNNING
    monitor.at(minutes(5) + timedelta(seconds=31))
    await monitor.sweep()

    clock = (await monitor.clocks(tale.case_id))["acknowledge"]
    assert (clock.state, clock.evidence) == (ClockState.BREACHED, EvidenceState.LAGGING)


async def test_a_process_that_has_just_started_waits_thirty_seconds_for_evidence(monitor: Monitor) -> None:
    tale = Tale().opened()
    await monitor.hears(tale.told)

    monitor.at(minutes(120))
    assert await monitor.sweep() == 0
    monitor.at(minutes(120) + timedelta(seconds=31))
    assert await monitor.sweep() == 1


async def test_all_clocks_of_a_case_that_are_past_when_they_start_breach_together(monitor: Monitor) -> None:
    tale = Tale().opened(200, received=0, orders=[ORDER])
    monitor.at(minutes(200))
    await monitor.hears(tale.told)
    await monitor.caught_up()

    assert await monitor.sweep() == 1

    found = await monitor.clocks(tale.case_id)
    assert {(clock.state, clock.cause) for clock in found.values()} == {(ClockState.BREACHED, "late_arrival")}
    assert not [t for t in await monitor.told(tale.case_id) if t["type"] == "warned"]


async def test_many_sweepers_fire_each_clock_once(monitor: Monitor, database: OpenDatabase, tmp_path: Path) -> None:
    tales = [Tale(partition=number % 12).opened() for number in range(450)]
    await monitor.hears([tale.told[0] for tale in tales])
    others = [Monitor.over(await database("sla_monitor"), tmp_path / str(n)).at(minutes(5) + SECOND) for n in range(2)]
    monitor.at(minutes(5) + SECOND)
    await monitor.caught_up()

    async def sweep_dry(one: Monitor) -> int:
        total = 0
        while fired := await one.sweep():
            total += fired
        return total

    fired = await asyncio.gather(*(sweep_dry(one) for one in [monitor, *others]))

    while more := await sweep_dry(monitor):
        fired.append(more)
    assert sum(fired) == len(tales)
    async with monitor.db.connection() as connection:
        breaches = await connection.fetch("SELECT key FROM outbox WHERE type = 'tocsin.clock.breached'")
    assert sorted(row["key"] for row in breaches) == sorted(str(tale.case_id) for tale in tales)


async def test_a_case_that_is_locked_is_left_to_the_next_sweep(monitor: Monitor) -> None:
    tale = Tale().opened()
    await monitor.hears(tale.told)
    monitor.at(minutes(6))
    await monitor.caught_up()

    async with monitor.db.transaction() as tx:
        await tx.fetch("SELECT 1 FROM cases WHERE case_id = $1 FOR UPDATE", tale.case_id)
        assert await monitor.sweep() == 0

    assert await monitor.sweep() == 1


async def test_thresholds_warn_behind_the_evidence_and_the_clock_keeps_one_timer(monitor: Monitor) -> None:
    tale = Tale().opened().acknowledged(1).acted(2)
    await monitor.hears(tale.told)
    monitor.at(minutes(46))
    await monitor.caught_up()
    await monitor.sweep()

    assert await monitor.told_of(tale.case_id, "resolve") == ["started", "warned"]
    warned = [t for t in await monitor.told(tale.case_id) if t["type"] == "warned"]
    assert warned[0]["change"]["percent"] == 75
    assert (await monitor.clocks(tale.case_id))["resolve"].next_at == minutes(54)


async def test_breaches_are_counted_and_their_detection_measured(monitor: Monitor) -> None:
    await monitor.hears(Tale().opened().told)
    monitor.at(minutes(5) + SECOND)
    await monitor.caught_up()
    await monitor.sweep()

    text = (await monitor.metrics.scrape()).decode()
    assert 'tocsin_clock_breaches_total{clock="acknowledge",severity="critical"} 1.0' in text
    assert 'tocsin_breach_detection_duration_seconds_bucket{le="2.5"} 1.0' in text
    assert 'tocsin_clocks_open{kind="internal"} 2.0' in text
    assert 'tocsin_clocks_open{kind="regulatory"} 0.0' in text


async def test_a_case_that_cannot_be_judged_holds_nobody_else_up(monitor: Monitor) -> None:
    tales = [Tale(partition=number).opened() for number in range(6)]
    await monitor.hears([tale.told[0] for tale in tales])
    async with monitor.db.connection() as connection:
        broken = {"profiles": "no list"}
        await connection.execute("UPDATE cases SET facts = $2 WHERE case_id = $1", tales[2].case_id, broken)
    monitor.at(minutes(5) + SECOND)
    await monitor.caught_up()

    assert await monitor.sweep() == 5
    assert await monitor.sweep() == 0
