"""POST to `assignment.offered`: from the first byte sent until the event is read from Kafka, at 50 a second.

The bar beside it is one bare hop through the same broker at the same rate: two of them and two commits
are the least that the way through can cost.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvloop
from aiokafka import TopicPartition

from shared.bus import kafka
from shared.bus.topics import partitions_of
from shared.contracts.vocabulary import Topic
from shared.settings import KafkaSettings
from tests.bench.figures import milliseconds
from tests.bench.load import Connection, post
from tests.support.caller import escalation
from tests.support.config_dir import key
from tests.support.installation import Installation
from tests.support.waiting import wait_until

PER_SECOND = 50
SECONDS = 20
WARM_UP = 3


def measure(installation: Installation) -> dict[str, Any]:
    """Milliseconds of the way through, and of the bare hop, in one run. The services run already."""
    return uvloop.run(_measure(installation))


async def _measure(installation: Installation) -> dict[str, Any]:
    bare = await _bare_hops(installation.kafka)
    through = await _ways_through(installation)
    way, hop = milliseconds(through), milliseconds(bare)
    return {"post_to_offered_ms": way, "bare_hop_ms": hop, "ratio_p99": round(way["p99"] / hop["p99"], 2)}


async def _ways_through(installation: Installation) -> list[float]:
    sent: dict[str, float] = {}
    offered: dict[str, float] = {}
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(32):
        free.put_nowait(await Connection.open("127.0.0.1", installation.ports["intake"]))

    async def one(_: int) -> None:
        body = escalation(severity="low", language="es", policy_area="violent_content")
        begun = time.perf_counter()
        line = await free.get()
        status, answer = await line.send(post("/v1/escalations", body, host="127.0.0.1", token=key("report-tool")))
        free.put_nowait(line)
        assert status == 202, answer
        sent[json.loads(answer)["case_id"]] = begun

    def arrived(record: Any) -> None:
        if dict(record.headers)["ce_type"] == b"tocsin.assignment.offered":
            offered.setdefault(record.key.decode(), time.perf_counter())

    async with _reading(installation.kafka, Topic.ASSIGNMENTS, arrived):
        await _at_a_rate(one)
        await wait_until(lambda: sent.keys() <= offered.keys())
    measured = list(sent)[WARM_UP * PER_SECOND :]
    return [offered[case] - sent[case] for case in measured if case in offered]


async def _bare_hops(settings: KafkaSettings) -> list[float]:
    """Produce to consume through the topic of dead letters, which nobody else uses in this run."""
    sent: dict[bytes, float] = {}
    seen: dict[bytes, float] = {}
    producer = kafka.producer(settings)
    await producer.start()
    topic = kafka.topic_name(settings, Topic.DEAD_LETTERS)

    async def one(number: int) -> None:
        name = str(number).encode()
        sent[name] = time.perf_counter()
        await producer.send_and_wait(topic, value=b"x" * 1000, key=name)

    async with _reading(settings, Topic.DEAD_LETTERS, lambda r: seen.setdefault(r.key, time.perf_counter())):
        await _at_a_rate(one)
        await wait_until(lambda: sent.keys() <= seen.keys())
    await producer.stop()
    return [seen[name] - sent[name] for name in list(sent)[WARM_UP * PER_SECOND :]]


async def _at_a_rate(one: Callable[[int], Awaitable[None]]) -> None:
    """Start `one` each 1/PER_SECOND s by the clock, whatever earlier ones take."""
    begun = time.perf_counter()
    tasks = []
    for number in range(PER_SECOND * (SECONDS + WARM_UP)):
        await asyncio.sleep(max(0.0, begun + number / PER_SECOND - time.perf_counter()))
        tasks.append(asyncio.ensure_future(one(number)))
    await asyncio.gather(*tasks)


@asynccontextmanager
async def _reading(settings: KafkaSettings, topic: Topic, take: Callable[[Any], Any]) -> AsyncIterator[None]:
    """Call `take` with each record that comes from now on."""
    consumer = kafka.observer(settings)
    await consumer.start()
    name = kafka.topic_name(settings, topic)
    partitions = [TopicPartition(name, number) for number in range(partitions_of(topic))]
    consumer.assign(partitions)
    await consumer.seek_to_end(*partitions)

    async def read() -> None:
        while True:
            for records in (await consumer.getmany(timeout_ms=50)).values():
                for record in records:
                    take(record)

    task = asyncio.ensure_future(read())
    try:
        yield
    finally:
        task.cancel()
        await consumer.stop()
