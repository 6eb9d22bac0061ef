"""A sender and a reader on a bus of their own, for tests of the relay and the consumer.

Events are of a type that no service knows; what they carry is a number under `n`.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from aiokafka import TopicPartition

from shared.bus import kafka, outbox
from shared.bus.consumer import Consumer
from shared.bus.messages import Message, Received
from shared.bus.parking import PARKING_LIMITS, ParkingLimits
from shared.bus.relay import Relay
from shared.bus.topics import partitions_of
from shared.clock import SystemClock
from shared.contracts.vocabulary import Topic
from shared.db import Database, Tx
from shared.observability.metrics import Metrics
from shared.settings import KafkaSettings
from tests.support.waiting import wait_until

TYPE = "tocsin.test.happened"


def message(key: str, seq: int, *, payload: bytes | None = None, topic: Topic = Topic.CASES) -> Message:
    """The `seq`th event of `key`."""
    body = orjson.dumps({"n": seq}) if payload is None else payload
    return Message(topic, key, seq, TYPE, 1, datetime.now(UTC), body, traceparent="00-0-0-00")


@dataclass
class Sender:
    """The service intake: its outbox and its relay."""

    db: Database
    settings: KafkaSettings
    metrics: Metrics = field(default_factory=lambda: Metrics("intake"))
    _relays: list[Relay] = field(default_factory=list)

    def relay(self, reach: Callable[[str], None] = lambda _name: None) -> Relay:
        """A relay, not yet started; several may be made."""
        relay = Relay(self.db, self.settings, "intake", self.metrics, SystemClock(), reach=reach)
        self._relays.append(relay)
        return relay

    async def close(self) -> None:
        """Stop every relay that was made."""
        for relay in self._relays:
            await relay.stop()

    async def commit(self, *messages: Message) -> None:
        """Put `messages` into the outbox, in one transaction."""
        async with self.db.transaction() as tx:
            await outbox.enqueue(tx, messages)

    async def pending(self) -> int:
        """Rows in the outbox."""
        async with self.db.connection() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM outbox"))

    async def flushed(self) -> None:
        """Wait until the outbox is empty."""

        async def empty() -> bool:
            return await self.pending() == 0

        await wait_until(empty, what="the outbox is empty")


@dataclass
class Reader:
    """The service router: a table of what its handler applied, and any number of consumers."""

    db: Database
    settings: KafkaSettings
    metrics: Metrics = field(default_factory=lambda: Metrics("router"))
    before: Callable[[Sequence[Received]], Any] = lambda _received: None
    """Called by the handler first; may raise or (async) wait."""
    consumers: list[Consumer] = field(default_factory=list)

    async def prepare(self) -> None:
        """Create the table."""
        async with self.db.transaction() as tx:
            await tx.execute("CREATE TABLE applied (place bigserial, key text, n bigint)")

    def consumer(self, *topics: Topic, limits: ParkingLimits = PARKING_LIMITS) -> Consumer:
        """A consumer, not yet started."""
        consumer = Consumer(
            self.db,
            self.settings,
            "router",
            topics or (Topic.CASES,),
            self.handle,
            self.metrics,
            SystemClock(),
            limits=limits,
        )
        self.consumers.append(consumer)
        return consumer

    async def close(self) -> None:
        """Stop every consumer that was made."""
        for consumer in self.consumers:
            await consumer.stop()

    async def handle(self, received: Sequence[Received], tx: Tx) -> None:
        """Note each event, in order."""
        outcome = self.before(received)
        if asyncio.iscoroutine(outcome):
            await outcome
        await tx.execute(
            "INSERT INTO applied (key, n) SELECT * FROM unnest($1::text[], $2::bigint[])",
            [event.key for event in received],
            [event.seq for event in received],
        )

    async def applied(self) -> dict[str, list[int]]:
        """Per key, the numbers in the order in which they were applied."""
        async with self.db.connection() as connection:
            rows = await connection.fetch("SELECT key, array_agg(n ORDER BY place) AS ns FROM applied GROUP BY key")
        return {row["key"]: row["ns"] for row in rows}

    async def until_applied(self, expected: dict[str, list[int]], timeout: float = 15.0) -> None:
        """Wait until exactly that was applied."""

        async def as_expected() -> bool:
            found = await self.applied()
            assert found == expected
            return True

        await wait_until(as_expected, timeout, what="the events are applied")

    def counted(self, name: str, **labels: str) -> float:
        """A metric's value; 0 where it was never touched."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


async def ready(consumer: Consumer) -> None:
    """Wait until the consumer reads."""

    def reads() -> bool:
        check = consumer.check()
        assert check.ok, check.detail
        return True

    await wait_until(reads, what="the consumer is ready")


async def log_of(settings: KafkaSettings, topic: Topic) -> list[Any]:
    """Every record of a topic, partition by partition."""
    client = kafka.observer(settings)
    await client.start()
    try:
        partitions = [TopicPartition(kafka.topic_name(settings, topic), n) for n in range(partitions_of(topic))]
        wanted = sum((await client.end_offsets(partitions)).values())
        client.assign(partitions)
        await client.seek_to_beginning(*partitions)
        records: list[Any] = []
        while len(records) < wanted:
            for batch in (await client.getmany(timeout_ms=200)).values():
                records += batch
        return sorted(records, key=lambda record: (record.partition, record.offset))
    finally:
        await client.stop()
