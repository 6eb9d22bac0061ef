"""PostgreSQL or Kafka dies or freezes and comes back: nothing is restarted, lost or doubled.

These engines are this module's own, for the shared ones must not be harmed.
"""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.stack import children, jars, ports, postgres_home
from services.stack.kafka import Kafka
from services.stack.postgres import Postgres
from shared.bus import positions, topics
from shared.db import Database
from shared.errors import Transient
from shared.settings import KafkaSettings
from tests.support.bus import Reader, Sender, message, ready
from tests.support.engines import Engines
from tests.support.schemas import bare_database
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(180)

BACK = 60.0
"""Seconds within which everything goes on after an engine is back; the machine may be busy."""


@dataclass
class Engine:
    """A process that can be killed, started again, frozen and thawed."""

    spawn: Callable[[], "subprocess.Popen[bytes]"]
    process: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self.process = self.spawn()

    def kill(self) -> None:
        children.stop(self.process, signal.SIGKILL, limit=20)

    def start(self) -> None:
        self.process = self.spawn()

    def freeze(self) -> None:
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        """The process and its children: PostgreSQL's backends are processes of their own."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in [self.process.pid, *map(int, found)]:
            os.kill(pid, number)


@pytest.fixture(scope="module")
def kafka_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, str]]:
    home = tmp_path_factory.mktemp("kafka")
    port, controller_port = ports.choose(2)
    paths = jars.store_in(jars.default_cache()).ensure(lambda _done, _total: None)
    broker = Kafka(home=home, port=port, controller_port=controller_port, jars=paths, log=home / "kafka.log")
    broker.prepare()
    engine = Engine(broker.spawn)
    yield engine, broker.bootstrap
    engine.thaw()
    engine.kill()


@pytest.fixture
def postgres_engine(tmp_path: Path) -> Iterator[tuple[Engine, str]]:
    account = postgres_home.account()
    server = Postgres(
        home=tmp_path / "postgres",
        port=ports.choose(1)[0],
        password="tests",
        programs=postgres_home.programs(account),
        account=account,
        log=tmp_path / "postgres.log",
        durable=False,
    )
    server.prepare()

    def spawn() -> "subprocess.Popen[bytes]":
        server.prepare()
        return server.spawn()

    engine = Engine(spawn)
    yield engine, server.url("postgres")
    engine.thaw()
    engine.kill()


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
