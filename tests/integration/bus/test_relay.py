"""The relay: everything that was committed arrives, in the order of its key, whatever happens in between."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest

from shared.bus import outbox
from shared.bus.messages import source_of
from shared.bus.relay import Relay
from shared.bus.sending import Outcome, Pending
from shared.contracts.vocabulary import Topic
from shared.settings import KafkaSettings
from tests.support.bus import TYPE, Reader, Sender, log_of, message
from tests.support.waiting import wait_until

KEYS = [f"case-{number}" for number in range(8)]
WRITERS = 12
EVENTS_OF_WRITER = 40


def headers_of(record: Any) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


def sequences(records: Sequence[Any]) -> dict[str, list[int]]:
    """Per key the sequence numbers in the order of the log."""
    found: dict[str, list[int]] = defaultdict(list)
    for record in records:
        found[record.key.decode()].append(int(headers_of(record)["ce_sequence"]))
    return dict(found)


class Stopped(RuntimeError):
    """The relay was ended at a crash point."""


class Crash:
    """Ends the relay's step once, at a named point."""

    def __init__(self, at: str) -> None:
        self.at = at
        self.happened = False

    def __call__(self, name: str) -> None:
        if name == self.at and not self.happened:
            self.happened = True
            raise Stopped(name)


async def test_concurrent_writers_keep_the_order_of_each_key(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writers hold their transactions open by chance, so ids become visible out of order all the time.

    The floor follows at every step and no sweep puts right what it would pass over.
    """
    monkeypatch.setattr("shared.bus.relay.LOOK_EVERY", 0.0)
    monkeypatch.setattr("shared.bus.relay.SWEEP_EVERY", float("inf"))
    relay = sender.relay()
    await relay.start()
    async with sender.db.transaction() as tx:
        await tx.execute("CREATE TABLE aggregate (key text PRIMARY KEY, seq bigint NOT NULL DEFAULT 0)")
        await tx.execute("INSERT INTO aggregate (key) SELECT unnest($1::text[])", KEYS)

    async def write(number: int) -> None:
        chance = random.Random(number)
        for _ in range(EVENTS_OF_WRITER):
            async with sender.db.transaction() as tx:
                key = chance.choice(KEYS)
                seq = await tx.fetchval("UPDATE aggregate SET seq = seq + 1 WHERE key = $1 RETURNING seq", key)
                await tx.execute("SELECT pg_sleep($1)", chance.choice([0.0, 0.0, 0.002, 0.02]))
                await outbox.enqueue(tx, [message(key, seq)])
                await tx.execute("SELECT pg_sleep($1)", chance.choice([0.0, 0.0, 0.005, 0.05]))
            relay.wake()

    await asyncio.gather(*(write(number) for number in range(WRITERS)))
    await sender.flushed()
    await relay.stop()
    found = sequences(await log_of(sender.settings, Topic.CASES))
    assert sum(map(len, found.values())) == WRITERS * EVENTS_OF_WRITER
    for key, numbers in found.items():
        assert numbers == list(range(1, len(numbers) + 1)), key


async def test_the_record_on_the_wire_is_the_one_of_the_contract(sender: Sender) -> None:
    sent = message("case-1", 1)
    await sender.commit(sent)
    relay = sender.relay()
    await relay.start()
    await sender.flushed()
    await relay.stop()
    (record,) = await log_of(sender.settings, Topic.CASES)
    assert record.key == b"case-1"
    assert record.value == sent.payload
    assert headers_of(record) == {
        "ce_specversion": "1.0",
        "ce_id": str(sent.ce_id),
        "ce_source": source_of("intake"),
        "ce_type": TYPE,
        "ce_subject": "case-1",
        "ce_time": sent.headers()["ce_time"],
        "ce_dataschema": f"/schemas/{TYPE}/1",
        "ce_sequence": "1",
        "content-type": "application/json",
        "traceparent": "00-0-0-00",
    }


async def test_a_batch_that_was_sent_and_not_deleted_is_sent_again_and_dropped_by_its_reader(
    sender: Sender, reader: Reader
) -> None:
    crash = Crash("relay.before_delete")
    relay, consumer = sender.relay(crash), reader.consumer()
    await sender.commit(*(message("case-1", seq) for seq in (1, 2, 3)))
    await relay.start()
    await consumer.start()
    await sender.flushed()
    await reader.until_applied({"case-1": [1, 2, 3]})
    await wait_until(lambda: reader.counted("tocsin_duplicates_dropped_total", topic="tocsin.cases") == 3)
    assert crash.happened
    assert sequences(await log_of(sender.settings, Topic.CASES)) == {"case-1": [1, 2, 3, 1, 2, 3]}
    await consumer.stop()
    await relay.stop()


async def test_only_the_holder_of_the_lease_sends(sender: Sender) -> None:
    first, second = sender.relay(), sender.relay()
    await first.start()
    await second.start()
    for seq in range(1, 31):
        await sender.commit(message("case-1", seq))
        first.wake()
        second.wake()
    await sender.flushed()
    assert first.check().ok
    assert second.check().ok, "waiting for the lease is ready too"
    await first.stop()
    await second.stop()
    assert sequences(await log_of(sender.settings, Topic.CASES)) == {"case-1": list(range(1, 31))}


async def test_a_relay_that_was_frozen_only_sends_again_what_its_successor_sent(sender: Sender, reader: Reader) -> None:
    frozen, successor, consumer = sender.relay(), sender.relay(), reader.consumer()
    thawed, caught = asyncio.Event(), asyncio.Event()
    freeze(frozen, caught, thawed)
    await sender.commit(message("case-1", 1), message("case-1", 2))
    await frozen.start()
    await caught.wait()
    async with sender.db.connection() as connection:
        await connection.execute("UPDATE lease SET expires_at = '-infinity'")

    await successor.start()
    await sender.flushed()
    await sender.commit(message("case-1", 3))
    successor.wake()
    await sender.flushed()
    thawed.set()
    await frozen.stop()
    await successor.stop()

    assert sequences(await log_of(sender.settings, Topic.CASES)) == {"case-1": [1, 2, 3, 1, 2]}
    await consumer.start()
    await reader.until_applied({"case-1": [1, 2, 3]})
    await consumer.stop()


def freeze(relay: Relay, caught: asyncio.Event, thawed: asyncio.Event) -> None:
    """Hold the relay with its first batch in hand, until thawed."""
    send = relay._sender.send

    async def slowly(rows: Sequence[Pending], keep_waiting: Any) -> Outcome:
        caught.set()
        await thawed.wait()
        return await send(rows, keep_waiting)

    relay._sender.send = slowly  # type: ignore[method-assign]


async def test_a_producer_that_failed_is_replaced_and_nothing_is_lost(sender: Sender) -> None:
    relay = sender.relay()
    await relay.start()
    await sender.commit(message("case-1", 1))
    relay.wake()
    await sender.flushed()
    broken = relay._sender._producer
    await broken.stop()
    await sender.commit(message("case-1", 2))
    relay.wake()
    await sender.flushed()
    assert relay._sender._producer is not broken
    await relay.stop()
    assert sequences(await log_of(sender.settings, Topic.CASES)) == {"case-1": [1, 2]}


async def test_more_than_a_batch_is_relayed_at_once(sender: Sender) -> None:
    await sender.commit(*(message(f"case-{number % 50}", number // 50 + 1) for number in range(2500)))
    relay = sender.relay()
    await relay.start()
    await sender.flushed()
    await relay.stop()
    found = sequences(await log_of(sender.settings, Topic.CASES))
    assert found == {f"case-{number}": list(range(1, 51)) for number in range(50)}


async def test_while_kafka_is_away_rows_wait_and_the_service_is_not_ready(sender: Sender) -> None:
    away = Sender(sender.db, KafkaSettings(bootstrap="127.0.0.1:1"))
    await away.commit(message("case-1", 1))
    relay = away.relay()
    await relay.start()
    await wait_until(lambda: not relay.check().ok and "Kafka" in relay.check().detail)
    assert await relay.pending() == 1
    await relay.stop()
    assert await away.pending() == 1


async def test_stopping_flushes_what_was_committed_last(sender: Sender) -> None:
    relay = sender.relay()
    await relay.start()
    await sender.commit(message("warm-up", 1))
    relay.wake()
    await sender.flushed()
    await sender.commit(message("case-1", 1))
    await relay.stop()
    assert await sender.pending() == 0


async def test_the_gauges_tell_what_waits_and_for_how_long(sender: Sender) -> None:
    relay = sender.relay()
    await sender.commit(message("case-1", 1), message("case-2", 1))
    text = (await sender.metrics.scrape()).decode()
    assert "tocsin_outbox_pending 2.0" in text
    await relay.start()
    await sender.flushed()
    await relay.stop()
