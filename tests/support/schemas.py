"""A database with the shared tables alone, for tests below any service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from shared.db.audit_tables import AUDIT_TABLES
from shared.db.replay_tables import REPLAY_TABLES
from shared.db.tables import SHARED_TABLES
from shared.ids import uuid7
from tests.support.engines import Engines


@asynccontextmanager
async def bare_database(engines: Engines, *schemas: str) -> AsyncIterator[str]:
    """The URL of a fresh database in which each of `schemas` holds the shared tables; dropped at the end."""
    name = f"bare_{uuid7().hex}"
    await _run(engines, f"CREATE DATABASE {name}")
    try:
        connection = await asyncpg.connect(engines.database_url(name))
        for schema in schemas:
            await connection.execute(f"CREATE SCHEMA {schema}; SET search_path TO {schema}; {SHARED_TABLES}")
            await connection.execute(";".join(AUDIT_TABLES))
            await connection.execute(REPLAY_TABLES)
        await connection.close()
        yield engines.database_url(name)
    finally:
        await _run(engines, f"DROP DATABASE {name} WITH (FORCE)")


async def _run(engines: Engines, statement: str) -> None:
    admin = await asyncpg.connect(engines.postgres_url)
    await admin.execute(statement)
    await admin.close()
