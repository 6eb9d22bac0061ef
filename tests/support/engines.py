"""One real PostgreSQL and one real Kafka for the whole run, and a clean place in them for each test.

`TOCSIN_TEST_POSTGRES_URL` (a superuser's) and `TOCSIN_TEST_KAFKA` name engines that run already; without them the run
starts its own, through the code of `tocsin up`, and they end with it.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from services.stack import children, jars, ports, postgres_home
from services.stack.histories import histories
from services.stack.kafka import Kafka
from services.stack.postgres import Postgres
from shared.bus import kafka, topics
from shared.contracts.vocabulary import Topic
from shared.db.migrations import run_migrations
from shared.errors import Transient
from shared.ids import uuid7
from shared.settings import KafkaSettings
from tests.support.waiting import wait_until

T = TypeVar("T")

START_LIMIT = 60.0


@dataclass(frozen=True)
class Engines:
    """How to reach both; `postgres_url` is a superuser's."""

    postgres_url: str
    kafka_bootstrap: str

    def database_url(self, name: str) -> str:
        """The URL of another database of the same server."""
        return urlunsplit(urlsplit(self.postgres_url)._replace(path=f"/{name}"))


@contextmanager
def running_engines(home: Path, *, durable: bool = False) -> Iterator[Engines]:
    """The engines of the environment, or own ones below `home` for as long as the context lasts."""
    with ExitStack() as stack:
        url = os.environ.get("TOCSIN_TEST_POSTGRES_URL") or stack.enter_context(
            own_postgres(home / "postgres", durable=durable)
        )
        bootstrap = os.environ.get("TOCSIN_TEST_KAFKA") or stack.enter_context(own_kafka(home / "kafka"))
        apart(await_ready(url, bootstrap))
        yield Engines(url, bootstrap)


@contextmanager
def own_postgres(home: Path, *, durable: bool = False) -> Iterator[str]:
    """A server of this run alone, without fsync unless `durable`; the URL of its superuser."""
    account = postgres_home.account()
    server = Postgres(
        home=home,
        port=ports.choose(1)[0],
        password="tests",
        programs=postgres_home.programs(account),
        account=account,
        log=home / "postgres.log",
        durable=durable,
    )
    server.prepare()
    process = server.spawn()
    try:
        yield server.url("postgres")
    finally:
        children.stop(process, signal.SIGINT, limit=20)


@contextmanager
def own_kafka(home: Path) -> Iterator[str]:
    """One broker; its bootstrap address. The first run on a machine fetches the jars."""
    port, controller_port = ports.choose(2)
    paths = jars.store_in(jars.default_cache()).ensure(lambda _done, _total: None)
    broker = Kafka(home=home, port=port, controller_port=controller_port, jars=paths, log=home / "kafka.log")
    broker.prepare()
    process = broker.spawn()
    try:
        yield broker.bootstrap
    finally:
        children.stop(process, signal.SIGKILL, limit=20)


@contextmanager
def migrated_template(engines: Engines) -> Iterator[str]:
    """The name of a database with every schema, to be cloned; dropped at the end."""
    name = f"template_{uuid7().hex}"
    apart(_run_sql(engines.postgres_url, f"CREATE DATABASE {name}"))
    try:
        apart(run_migrations(engines.database_url(name), histories()))
        yield name
    finally:
        apart(_run_sql(engines.postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


@asynccontextmanager
async def cloned_database(engines: Engines, template: str) -> AsyncIterator[str]:
    """The URL of a fresh copy of the template; dropped at the end, whoever is still connected."""
    name = f"test_{uuid7().hex}"
    await _run_sql(engines.postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield engines.database_url(name)
    finally:
        await _run_sql(engines.postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def own_topics(engines: Engines) -> AsyncIterator[KafkaSettings]:
    """Settings under which all topics exist and are this test's alone; deleted at the end."""
    settings = KafkaSettings(
        bootstrap=engines.kafka_bootstrap,
        replication=1,
        session_timeout_ms=1500,
        topic_prefix=f"test-{uuid7().hex[-12:]}.",
    )
    await topics.apply(settings)
    try:
        yield settings
    finally:
        admin = kafka.admin(settings)
        await admin.start()
        await admin.delete_topics([kafka.topic_name(settings, topic) for topic in Topic])
        await admin.close()


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a loop of its own, whatever loop the caller lives in."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def await_ready(url: str, bootstrap: str) -> None:
    async def postgres_answers() -> bool:
        try:
            await _run_sql(url, "SELECT 1")
        except (OSError, asyncpg.PostgresError):
            return False
        return True

    async def kafka_answers() -> bool:
        try:
            await topics.diff(KafkaSettings(bootstrap=bootstrap))
        except Transient:
            return False
        return True

    await wait_until(postgres_answers, START_LIMIT, what="PostgreSQL answers")
    await wait_until(kafka_answers, START_LIMIT, what="Kafka answers", pause=0.1)


async def _run_sql(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
