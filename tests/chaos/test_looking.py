"""What a round looks at: the ledger of loads, notifications up to the snapshot, topics in which nothing stands."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from shared.settings import KafkaSettings
from tests.chaos import ledger
from tests.chaos.looking import records, told_until
from tests.chaos.provider import TRIES, busy
from tests.support.pager import Notification

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)

BEGIN = """
INSERT INTO router.assignments (assignment_id, case_id, specialist, state, units, handling, offered_at)
SELECT gen_random_uuid(), case_id, 'ana', 'offered', 2, interval '1 minute', now() FROM router.cases
"""


def notification(webhook_id: str, at: datetime) -> Notification:
    body = {"type": "page.escalated", "data": {"page": {"page_id": "p-1"}, "responder": "ana"}}
    return Notification(webhook_id, body, at.timestamp(), "/pages", signed=True, status=200)


def test_what_arrived_after_the_snapshot_is_of_attempts_that_it_does_not_hold() -> None:
    arrived = [notification("before", AT), notification("after", AT + timedelta(milliseconds=1))]

    assert [told.webhook_id for told in told_until(AT, arrived)] == ["before"]


async def test_topics_in_which_nothing_stands_hold_no_records(kafka_settings: KafkaSettings) -> None:
    assert await records(kafka_settings, {("tocsin.cases", 0): 0, ("tocsin.pages", 3): 0}) == []


async def test_the_ledger_tells_in_which_transaction_a_load_rose_and_what_began(database_url: str) -> None:
    await ledger.install(database_url)
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("INSERT INTO router.specialists (id) VALUES ('ana')")
        await connection.execute(
            "INSERT INTO router.cases (case_id, partition, summary) VALUES (gen_random_uuid(), 0, '{}')"
        )
        async with connection.transaction():
            await connection.execute("UPDATE router.specialists SET load = load + 2")
            await connection.execute(BEGIN)
        await connection.execute("UPDATE router.specialists SET load = load - 1, freed = true")
        await connection.execute("UPDATE router.specialists SET freed = false")
        loads = await connection.fetch("SELECT * FROM chaos.loads ORDER BY id")
        begun = await connection.fetch("SELECT tx FROM chaos.begun")
    finally:
        await connection.close()

    assert [(row["specialist"], row["before"], row["after"]) for row in loads] == [("ana", 0, 2), ("ana", 2, 1)]
    assert [row["tx"] for row in begun] == [loads[0]["tx"]]
    assert loads[0]["tx"] != loads[1]["tx"]


@pytest.mark.parametrize("seed", range(3))
def test_a_provider_refuses_some_notices_for_a_while_and_the_same_ones_each_time(seed: int) -> None:
    refused = [name for name in map(str, range(1000)) if busy(seed)(name, 0)]

    assert 40 < len(refused) < 140
    assert refused == [name for name in map(str, range(1000)) if busy(seed)(name, TRIES - 1)]
    assert not any(busy(seed)(name, TRIES) for name in refused)
