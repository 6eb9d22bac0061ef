"""Databases with the shared tables alone: `bare("intake")` is a pool on the schema of that service."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.db import Database
from tests.conftest import OpenDatabase
from tests.support.engines import Engines
from tests.support.schemas import bare_database


@pytest.fixture
async def bare_url(engines: Engines) -> AsyncIterator[str]:
    """A database in which intake and router have the shared tables."""
    async with bare_database(engines, "intake", "router") as url:
        yield url


@pytest.fixture
async def bare(bare_url: str) -> AsyncIterator[OpenDatabase]:
    """Opens pools on that database; closed at the end."""
    opened: list[Database] = []

    async def open_database(schema: str, *, offset: timedelta = timedelta(0), max_size: int = 10) -> Database:
        db = await Database.connect(bare_url, schema=schema, min_size=1, max_size=max_size, offset=offset)
        opened.append(db)
        return db

    yield open_database
    for db in opened:
        await db.close()
