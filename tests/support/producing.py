"""Records put on the topics by hand, and waiting until every service has gone past them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from services.intake.handlers import TOPICS as INTAKE
from services.notifier.app import TOPICS as NOTIFIER
from services.router.handlers import TOPICS as ROUTER
from services.sla_monitor.handlers import TOPICS as MONITOR
from shared.bus import kafka
from shared.bus.history import History
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.vocabulary import Topic
from shared.ids import uuid7
from shared.settings import KafkaSettings
from tests.support.installation import Installation
from tests.support.waiting import wait_until

READS = {"intake": INTAKE, "router": ROUTER, "sla_monitor": MONITOR, "notifier": NOTIFIER}
SOURCES = {Topic.CASES: "intake", Topic.ASSIGNMENTS: "router", Topic.CLOCKS: "sla_monitor", Topic.PAGES: "notifier"}
Headers = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Raw:
    """One record to be put on a topic, whatever is in it."""

    topic: Topic
    key: bytes | None
    value: bytes | None
    headers: Headers = field(default_factory=list)


def raw_event(event_type: str, value: bytes, *, seq: int = 1) -> Raw:
    """A well-formed record around a value, as its service would send it; the key is a case of its own."""
    key, topic = str(uuid7()), EVENT_TYPES[event_type].topic
    stored = json.loads(value)
    if stored.get("case_id"):
        value = value.replace(stored["case_id"].encode(), key.encode())
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid7()),
        "ce_source": f"/tocsin/{SOURCES[topic]}",
        "ce_type": event_type,
        "ce_subject": key,
        "ce_time": stored["occurred_at"],
        "ce_dataschema": f"/schemas/{event_type}/1",
        "ce_sequence": str(seq),
        "content-type": "application/json",
    }
    return Raw(topic, key.encode(), value, [(name, text.encode()) for name, text in attributes.items()])


async def put(settings: KafkaSettings, records: Iterable[Raw]) -> None:
    """Produce them, in order."""
    producer = kafka.producer(settings)
    await producer.start()
    try:
        for one in records:
            name = kafka.topic_name(settings, one.topic)
            await producer.send(name, key=one.key, value=one.value, headers=one.headers)
        await producer.flush()
    finally:
        await producer.stop()


async def until_taken(installation: Installation, *, within: float = 60.0) -> None:
    """Wait until each service has read every partition of its topics to the end."""

    async def at_the_ends() -> bool:
        async with History(installation.kafka, SOURCES) as history:
            _, ends = await history.bounds()
        connection = await asyncpg.connect(installation.database_url)
        try:
            for service, topics in READS.items():
                rows = await connection.fetch(f"SELECT topic, partition, next_offset FROM {service}.consumer_position")
                reached = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
                wanted = {(place.topic, place.partition): end for place, end in ends.items() if place.topic in topics}
                assert {place: reached.get(place) for place in wanted} == wanted, service
        finally:
            await connection.close()
        return True

    await wait_until(at_the_ends, within, what="every position at the end of its partition", pause=0.2)


async def dead_letters(installation: Installation) -> dict[str, list[tuple[str, str, UUID]]]:
    """By service, (reason, error, id) of each dead letter."""
    connection = await asyncpg.connect(installation.database_url)
    try:
        found: dict[str, list[tuple[str, str, UUID]]] = {}
        for service in READS:
            rows: Sequence[asyncpg.Record] = await connection.fetch(
                f"SELECT reason, error, id FROM {service}.dead_letter"
            )
            found[service] = [(row["reason"], row["error"], UUID(int=row["id"].int)) for row in rows]
        return found
    finally:
        await connection.close()
