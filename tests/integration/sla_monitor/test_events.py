"""Batches of events against a real database: stubs, duplicates of topics, pinned rules, disorder."""

import itertools
import random
from pathlib import Path
from uuid import UUID

import pytest

from services.sla_monitor.settlement import Clock
from shared.bus.messages import Received
from shared.contracts.vocabulary import ClockState, Topic
from tests.conftest import OpenDatabase
from tests.integration.sla_monitor.monitor import Monitor
from tests.support import config_dir
from tests.unit.sla_monitor.rules import SLA
from tests.unit.sla_monitor.tale import Tale, minutes

ORDER = {"clock": "eu.tco.art3", "reference": "BKA-1", "received_at": 0}


def recorded() -> list[Tale]:
    """A few cases as their topics hold them."""
    return [
        Tale(partition=0).opened(orders=[ORDER]).accepted(2).acted(20, "remove").resolved(40),
        Tale(partition=0).opened(stakeholders=True).pended(3, "clarification").accepted(4).resumed(30).updated(50),
        Tale(partition=1, severity="high").opened().reclassified(10, severity="critical").accepted(3).acknowledged(12),
        Tale(partition=1).opened(30, received=0).accepted(31).acknowledged(20, typed=33).resolved(90).reopened(100),
        Tale(partition=2, severity="low").opened(reporter="user").report_added(9, orders=[ORDER]).resolved(400),
    ]


def end_state(clocks: dict[str, Clock]) -> dict[str, tuple[object, ...]]:
    """What must be the same in every order."""
    return {
        name: (c.state, c.started_at, c.due_at, c.stopped_at, c.breached_at, c.cause, c.pauses, c.terms, c.key)
        for name, c in clocks.items()
    }


async def replay(monitor: Monitor, events: list[Received], batch: int) -> dict[UUID, dict[str, tuple[object, ...]]]:
    """Take everything in batches of so many, then let everything fire that is due."""
    monitor.at(minutes(10_000))
    for place in range(0, len(events), batch):
        await monitor.hears(events[place : place + batch])
    await monitor.caught_up()
    while await monitor.sweep():
        pass
    cases = {event.event.case_id for event in events if event.event is not None}
    return {case_id: end_state(await monitor.clocks(case_id)) for case_id in cases if case_id is not None}


def shuffled(tales: list[Tale], seed: int) -> list[Received]:
    """The topics read in a random order, each partition of each in its own."""
    lanes: dict[tuple[Topic, int], list[Received]] = {}
    for received in sorted(itertools.chain(*(tale.told for tale in tales)), key=lambda r: r.occurred_at):
        lanes.setdefault((received.topic, received.partition), []).append(received)
    for lane in lanes.values():
        lane.sort(key=lambda r: r.seq)
    turns = [lane for lane, events in lanes.items() for _ in events]
    random.Random(seed).shuffle(turns)
    queues = {lane: iter(events) for lane, events in lanes.items()}
    return [next(queues[turn]) for turn in turns]


@pytest.mark.parametrize("seed", range(4))
async def test_recorded_topics_in_any_order_end_like_the_sorted_ones(
    monitor: Monitor, database: OpenDatabase, tmp_path: Path, seed: int
) -> None:
    tales = recorded()
    in_order = sorted(itertools.chain(*(tale.told for tale in tales)), key=lambda r: (r.occurred_at, r.seq))
    expected = await replay(monitor, in_order, batch=1)
    async with monitor.db.connection() as connection:
        await connection.execute("TRUNCATE cases, clocks, outbox")

    other = Monitor.over(await database("sla_monitor"), tmp_path / "other")
    found = await replay(other, shuffled(tales, seed), batch=1 + seed * 3)

    assert found == expected


async def test_an_accepted_assignment_waits_on_a_stub_for_its_case(monitor: Monitor) -> None:
    tale = Tale().opened().accepted(1)

    await monitor.hears(tale.told[1:])
    assert await monitor.clocks(tale.case_id) == {}

    await monitor.hears(tale.told[:1])
    assert (await monitor.clocks(tale.case_id))["acknowledge"].state is ClockState.MET
    assert await monitor.told_of(tale.case_id, "acknowledge") == ["started", "met"]


async def test_a_batch_of_many_cases_is_one_transaction_with_gapless_sequences(monitor: Monitor) -> None:
    tales = [Tale(partition=n % 12).opened(orders=[ORDER]).acknowledged(1).resolved(2) for n in range(120)]
    batch = [received for group in zip(*(tale.told for tale in tales), strict=True) for received in group]

    await monitor.hears(batch)

    for tale in random.sample(tales, 5):
        told = await monitor.told(tale.case_id)
        assert [t["seq"] for t in told] == list(range(1, len(told) + 1))
        assert {clock.state for clock in (await monitor.clocks(tale.case_id)).values()} == {ClockState.MET}


async def test_definitions_are_pinned_when_the_case_is_first_seen(monitor: Monitor, tmp_path: Path) -> None:
    tale = Tale().opened()
    await monitor.hears(tale.told)
    first = monitor.config.current.version

    await take_up(monitor, tmp_path, {**SLA, "internal": {"resolve": {"critical": "PT10H", "high": "PT20H"}}})
    tale.reclassified(5, severity="high")
    later = Tale().opened()
    await monitor.hears([tale.told[-1], *later.told])

    clocks = await monitor.clocks(tale.case_id)
    assert clocks["resolve"].due_at == minutes(240)
    assert clocks["resolve"].version == first
    assert (await monitor.clocks(later.case_id))["resolve"].due_at == minutes(600)


async def test_another_instance_reads_the_rules_that_a_case_is_pinned_to(
    monitor: Monitor, database: OpenDatabase, tmp_path: Path
) -> None:
    tale = Tale().opened()
    await monitor.hears(tale.told)
    sla = {**SLA, "internal": {"resolve": {"critical": "PT10H", "high": "PT20H"}}}
    other = Monitor.over(await database("sla_monitor"), tmp_path / "other", sla=sla).at(minutes(1))

    tale.reclassified(5, severity="high")
    await other.hears(tale.told[-1:])

    assert (await other.clocks(tale.case_id))["resolve"].due_at == minutes(240)


async def test_a_clock_that_only_a_newer_configuration_knows_starts_when_that_is_taken_up(
    monitor: Monitor, tmp_path: Path
) -> None:
    tale = Tale().opened(orders=[{**ORDER, "clock": "xx.new"}])
    await monitor.hears(tale.told)
    assert "xx.new" not in await monitor.clocks(tale.case_id)

    law = {**SLA["regulatory"][0], "id": "xx.new", "target": "PT2H"}
    await take_up(monitor, tmp_path, {**SLA, "regulatory": [*SLA["regulatory"], law]})
    await monitor.firing.reconsider()

    assert (await monitor.clocks(tale.case_id))["xx.new"].due_at == minutes(120)
    assert await monitor.told_of(tale.case_id, "xx.new") == ["started"]


async def take_up(monitor: Monitor, tmp_path: Path, sla: object) -> None:
    """Change sla.yaml on disk and let the holder see it twice, as its loop would."""
    files = config_dir.configuration(pager_url="http://127.0.0.1:1/") | {"sla": sla}
    config_dir.write(tmp_path / "config", files)
    await monitor.config.look()
    await monitor.config.look()
