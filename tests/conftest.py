"""What every test may ask for: the engines of the run, a database and topics of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings

from shared.db import Database
from shared.settings import KafkaSettings
from tests.support.engines import Engines, cloned_database, migrated_template, own_topics, running_engines

pytest_plugins = ["tests.support.one_run"]

OpenDatabase = Callable[..., Awaitable[Database]]

settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")
"""How long an example takes decides nothing: machines are busy."""


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """PostgreSQL and Kafka, started once."""
    with running_engines(tmp_path_factory.mktemp("engines")) as running:
        yield running


@pytest.fixture(scope="session")
def template(engines: Engines) -> Iterator[str]:
    """The migrated database that each test's is a copy of."""
    with migrated_template(engines) as name:
        yield name


@pytest.fixture
async def database_url(engines: Engines, template: str) -> AsyncIterator[str]:
    """A database of this test's own, migrated."""
    async with cloned_database(engines, template) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[OpenDatabase]:
    """Opens pools on this test's database: `db = await database("router")`; closed at the end."""
    opened: list[Database] = []

    async def open_database(schema: str, *, offset: timedelta = timedelta(0), max_size: int = 10) -> Database:
        db = await Database.connect(database_url, schema=schema, min_size=1, max_size=max_size, offset=offset)
        opened.append(db)
        return db

    yield open_database
    for db in opened:
        await db.close()


@pytest.fixture
async def kafka_settings(engines: Engines) -> AsyncIterator[KafkaSettings]:
    """Topics of this test's own, and how to reach them."""
    async with own_topics(engines) as settings:
        yield settings
