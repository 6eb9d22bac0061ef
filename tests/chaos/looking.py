"""Looks at everything when it is quiet: one snapshot of the four schemas, and the topics exactly up to there.

`stamp_at_append` belongs before anything is sent: from then on a record's time is when the broker wrote it, which is
what "delivered before" is judged by.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.bus import kafka
from shared.bus.topics import configuration, partitions_of
from shared.contracts.vocabulary import Topic
from shared.settings import KafkaSettings
from tests.chaos import history, ledger
from tests.chaos.observed import Disturbance, Observed, Record, Told
from tests.chaos.quiet import SCHEMAS, Cut, cut
from tests.support.pager import Notification, Pager

LIMIT = 120.0
"""Seconds to wait for quiet."""

LOOK_EVERY = 0.25

_READ = {
    "intake": ("cases", "reports", "open_subject", "timeline"),
    "router": ("cases", "assignments", "specialists"),
    "sla_monitor": ("cases", "clocks"),
    "notifier": ("cases", "page", "attempt", "receipt"),
}
_COMMON = ("outbox", "consumer_position", "consumed", "dead_letter", "parked_event")
_BULKY = frozenset({"payload", "value", "body", "headers", "change", "actor", "detail", "facts"})
_COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped"


async def stamp_at_append(settings: KafkaSettings) -> None:
    """Let the broker's clock say when each record was written."""
    wanted = {**configuration(settings.replication), "message.timestamp.type": "LogAppendTime"}
    client = kafka.admin(settings)
    await client.start()
    try:
        names = [kafka.topic_name(settings, topic) for topic in Topic]
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, n, configs=wanted) for n in names])
    finally:
        await client.close()


async def settled(database_url: str, settings: KafkaSettings, *, within: float = LIMIT) -> tuple[str, ...]:
    """Wait until nothing is on its way: outboxes, consumers and due timers. What still was when the time was over."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + within
    while True:
        open_ends = await _open_ends(database_url, settings)
        if not open_ends or loop.time() > give_up:
            return open_ends
        await asyncio.sleep(LOOK_EVERY)


async def observe(
    database_url: str,
    settings: KafkaSettings,
    *,
    pager: Pager,
    log: Path,
    config: Mapping[str, Any],
    disturbances: Sequence[Disturbance] = (),
    within: float = LIMIT,
) -> Observed:
    """All that a check needs, at one instant at which nothing was on its way; else what was, in `unsettled`."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + within
    while True:
        await settled(database_url, settings, within=give_up - loop.time())
        async with _snapshot(database_url) as (connection, found):
            tables = await _tables(connection)
        ends = await _ends(settings)
        open_ends = found.open_ends(ends)
        if not open_ends or loop.time() > give_up:
            break
    return Observed(
        at=found.at,
        records=await records(settings, ends),
        tables=tables,
        told=told_until(found.at, pager.notifications),
        calls=history.read(log),
        config=config,
        disturbances=disturbances,
        unsettled=open_ends,
    )


async def records(settings: KafkaSettings, ends: Mapping[tuple[str, int], int]) -> list[Record]:
    """Every record of the topics of events before these ends, partition by partition."""
    names = {kafka.topic_name(settings, topic): topic for topic in Topic}
    partitions = [TopicPartition(kafka.topic_name(settings, Topic(t)), n) for (t, n), end in ends.items() if end]
    if not partitions:
        return []
    read: list[Record] = []
    async with _observer(settings) as client:
        client.assign(partitions)
        await client.seek_to_beginning(*partitions)
        while not await _at(client, partitions, names, ends):
            for batch in (await client.getmany(timeout_ms=200)).values():
                read += [_record(raw, names[raw.topic]) for raw in batch]
    kept = [record for record in read if record.offset < ends[record.topic, record.partition]]
    return sorted(kept, key=lambda record: (record.topic, record.partition, record.offset))


def told_until(at: datetime, arrived: Iterable[Notification]) -> list[Told]:
    """What had arrived by then; what came since may be of attempts that the snapshot does not hold."""
    return [told for told in map(told_of, list(arrived)) if told.at <= at]


def told_of(notification: Notification) -> Told:
    """A notification as the checker reads it."""
    data = notification.body["data"]
    return Told(
        webhook_id=notification.webhook_id,
        type=notification.type,
        channel=notification.path,
        responder=notification.responder,
        page_id=str(notification.page["page_id"]),
        clock_id=str(data["clock"]["clock_id"]) if data.get("clock") else None,
        at=datetime.fromtimestamp(notification.at, UTC),
        status=notification.status,
        signed=notification.signed,
    )


async def _open_ends(database_url: str, settings: KafkaSettings) -> tuple[str, ...]:
    """A snapshot first, the ends of the topics after it: where they agree, nothing was between."""
    try:
        async with _snapshot(database_url) as (_, found):
            pass
        return found.open_ends({}) or found.open_ends(await _ends(settings))
    except (OSError, TimeoutError, asyncpg.PostgresError, *kafka.CLIENT_ERRORS) as error:
        return (f"{type(error).__name__}: {error}",)


@asynccontextmanager
async def _snapshot(database_url: str) -> AsyncIterator[tuple[Any, Cut]]:
    """A connection that sees one instant as long as the block lasts, and what was under way at it."""
    connection = await asyncpg.connect(database_url, timeout=5, command_timeout=60)
    try:
        for name in ("json", "jsonb"):
            await connection.set_type_codec(name, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection, await cut(connection)
    finally:
        await connection.close()


@asynccontextmanager
async def _observer(settings: KafkaSettings) -> AsyncIterator[Any]:
    """A client that only reads, stopped with the block."""
    client = kafka.observer(settings)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def _tables(connection: Any) -> dict[str, dict[str, list[dict[str, Any]]]]:
    tables = {
        schema: {table: await _rows(connection, schema, table) for table in (*_READ[schema], *_COMMON)}
        for schema in SCHEMAS
    }
    return tables | {ledger.SCHEMA: {table: await _rows(connection, ledger.SCHEMA, table) for table in ledger.TABLES}}


async def _rows(connection: Any, schema: str, table: str) -> list[dict[str, Any]]:
    """Every row, without the columns that nobody compares: reading them is what takes time."""
    names = [row["attname"] for row in await connection.fetch(_COLUMNS, f"{schema}.{table}")]
    columns = ", ".join(f'"{name}"' for name in names if name not in _BULKY)
    rows = await connection.fetch(f'SELECT {columns} FROM {schema}."{table}"')
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    """Ids as text: they are compared with those of events."""
    return str(value) if type(value).__name__ == "UUID" else value


async def _ends(settings: KafkaSettings) -> dict[tuple[str, int], int]:
    partitions = {
        TopicPartition(kafka.topic_name(settings, topic), number): (topic.value, number)
        for topic in Topic
        if topic is not Topic.DEAD_LETTERS
        for number in range(partitions_of(topic))
    }
    async with _observer(settings) as client:
        return {partitions[at]: end for at, end in (await client.end_offsets(list(partitions))).items()}


async def _at(client: Any, partitions: list[Any], names: Mapping[str, Topic], ends: Mapping[Any, int]) -> bool:
    reached = [await client.position(at) >= ends[names[at.topic].value, at.partition] for at in partitions]
    return all(reached)


def _record(raw: Any, topic: Topic) -> Record:
    headers = {name: value.decode() for name, value in raw.headers}
    return Record(
        topic=topic.value,
        partition=raw.partition,
        offset=raw.offset,
        key=raw.key.decode(),
        type=headers["ce_type"],
        source=headers["ce_source"],
        seq=int(headers["ce_sequence"]),
        ce_id=headers["ce_id"],
        appended=datetime.fromtimestamp(raw.timestamp / 1000, UTC),
        value=json.loads(raw.value),
    )
