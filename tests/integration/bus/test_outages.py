"""PostgreSQL or Kafka dies or freezes and comes back: nothing is restarted, lost or doubled.

These engines are this module's own, for the shared ones must not be harmed.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.bus import positions, topics
from shared.db import Database
from shared.errors import Transient
from shared.settings import KafkaSettings
from tests.support.bus import Reader, Sender, message, ready
from tests.support.engines import Engines
from tests.support.killable import Engine, killable_kafka, killable_postgres
from tests.support.schemas import bare_database
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(180)

BACK = 60.0
"""Seconds within which everything goes on after an engine is back; the machine may be busy."""


@pytest.fixture(scope="module")
def kafka_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, str]]:
    with killable_kafka(tmp_path_factory.mktemp("kafka")) as engine:
        yield engine


@pytest.fixture
def postgres_engine(tmp_path: Path) -> Iterator[tuple[Engine, str]]:
    with killable_postgres(tmp_path) as engine:
        yield engine


@pytest.fixture
async def kafka_alone(kafka_engine: tuple[Engine, str]) -> KafkaSettings:
    settings = KafkaSettings(
        bootstrap=kafka_engine[1], replication=1, session_timeout_ms=1500, topic_prefix=f"t{os.urandom(4).hex()}."
    )
    await wait_until(lambda: answers(topics.apply(settings)), BACK)
    return settings


async def answers(asked: Awaitable[object]) -> bool:
    """Whether an engine took the question."""
    try:
        await asked
    except (Transient, OSError):
        return False
    return True


@dataclass
class Pair:
    """A sender and a reader at work; `n` events of one key were sent so far."""

    sender: Sender
    reader: Reader
    n: int = 0

    async def start(self) -> "Pair":
        await self.reader.prepare()
        self.relay, self.consumer = self.sender.relay(), self.reader.consumer()
        await self.relay.start()
        await self.consumer.start()
        await ready(self.consumer)
        return self

    async def send(self, number: int) -> None:
        for _ in range(number):
            self.n += 1
            await self.sender.commit(message("case-1", self.n))
            self.relay.wake()

    async def all_arrived(self) -> None:
        await self.reader.until_applied({"case-1": list(range(1, self.n + 1))}, BACK)
        assert self.reader.counted("tocsin_sequence_gaps_total", topic="tocsin.cases") == 0

    async def goes_on(self) -> None:
        await self.send(5)
        await self.all_arrived()
        await wait_until(lambda: self.relay.check().ok and self.consumer.check().ok, BACK)

    async def close(self) -> None:
        await self.reader.close()
        await self.sender.close()


@asynccontextmanager
async def working_pair(url: str, settings: KafkaSettings) -> AsyncIterator[Pair]:
    """Started, and closed at the end."""
    intake = await Database.connect(url, schema="intake")
    router = await Database.connect(url, schema="router")
    pair = await Pair(Sender(intake, settings), Reader(router, settings)).start()
    yield pair
    await pair.close()
    await intake.close()
    await router.close()


@pytest.fixture
async def pair(engines: Engines, kafka_alone: KafkaSettings) -> AsyncIterator[Pair]:
    """On the shared PostgreSQL and the module's Kafka."""
    async with bare_database(engines, "intake", "router") as url, working_pair(url, kafka_alone) as pair:
        yield pair


async def test_kafka_is_killed_and_comes_back(pair: Pair, kafka_engine: tuple[Engine, str]) -> None:
    broker = kafka_engine[0]
    await pair.goes_on()
    broker.kill()
    await pair.send(5)
    await wait_until(lambda: not pair.consumer.check().ok)
    broker.start()
    await pair.all_arrived()
    await pair.goes_on()


async def test_kafka_freezes_and_thaws(pair: Pair, kafka_engine: tuple[Engine, str]) -> None:
    broker = kafka_engine[0]
    await pair.goes_on()
    broker.freeze()
    froze = datetime.now(UTC)
    await pair.send(5)
    await wait_until(lambda: not pair.consumer.check().ok and not pair.relay.check().ok)
    assert "Kafka" in pair.consumer.check().detail
    assert "Kafka" in pair.relay.check().detail
    async with pair.reader.db.connection() as connection:
        assert max((await positions.caught_up(connection)).values()) <= froze
    broker.thaw()
    await pair.all_arrived()
    await pair.goes_on()


@pytest.fixture
async def pair_on_own_postgres(postgres_engine: tuple[Engine, str], kafka_alone: KafkaSettings) -> AsyncIterator[Pair]:
    """On a PostgreSQL of the test's own and the module's Kafka."""
    engines = Engines(postgres_engine[1], kafka_alone.bootstrap)
    probe = await Database.connect(engines.postgres_url, schema="public")
    await wait_until(lambda: answers(probe.ping()), BACK)
    async with bare_database(engines, "intake", "router") as url, working_pair(url, kafka_alone) as pair:
        yield pair
    await probe.close()


async def test_postgresql_is_killed_and_comes_back(
    pair_on_own_postgres: Pair, postgres_engine: tuple[Engine, str]
) -> None:
    pair, server = pair_on_own_postgres, postgres_engine[0]
    await pair.goes_on()
    server.kill()
    await wait_until(lambda: not pair.consumer.check().ok and not pair.relay.check().ok)
    server.start()
    await wait_until(lambda: answers(pair.sender.db.ping()), BACK)
    await pair.goes_on()


async def test_postgresql_freezes_and_thaws(pair_on_own_postgres: Pair, postgres_engine: tuple[Engine, str]) -> None:
    pair, server = pair_on_own_postgres, postgres_engine[0]
    await pair.goes_on()
    server.freeze()
    await wait_until(lambda: not pair.consumer.check().ok, BACK)
    server.thaw()
    await wait_until(lambda: answers(pair.sender.db.ping()), BACK)
    await pair.goes_on()
