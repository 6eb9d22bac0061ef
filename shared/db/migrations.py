"""Schema migrations: one alembic history per service schema, run from `tocsin migrate` alone.

A migration file is named `<number>_<what>.py` and its revision is that number, so that the newest
version is known without loading alembic: when every schema is current, nothing else happens.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg

from shared.db.faults import translated
from shared.db.pool import Database
from shared.errors import Transient

LOCK = 0x70C51
"""Advisory lock of the database: two migrations at once would fail each other."""

_VERSION = "SELECT version_num FROM {schema}.alembic_version"


def newest(directory: Path) -> str:
    """The revision of the last file in `directory`/versions."""
    files = sorted(file.name for file in (directory / "versions").glob("[0-9]*.py"))
    return files[-1].partition("_")[0] if files else ""


async def run_migrations(url: str, histories: Mapping[str, Path]) -> list[str]:
    """Bring each schema to its newest version; `histories` is schema -> its `migrations` folder.

    Returns the schemas that were changed. All of them change in one transaction or none does. Raises
    `Transient` when PostgreSQL is away.
    """
    with translated():
        connection = await asyncpg.connect(url, timeout=10)
        try:
            behind = {s: d for s, d in histories.items() if await _applied(connection, s) < newest(d)}
        finally:
            await connection.close()
        if behind:
            await _upgrade(url, behind)
    return list(behind)


async def require_current(db: Database, directory: Path) -> None:
    """Raise `Transient` while the service's schema is older than its code; a newer one is fine (N-1 beside N)."""
    async with db.connection() as connection:
        if await _applied(connection, db.schema) < newest(directory):
            raise Transient(f"the schema {db.schema} is not migrated; run `tocsin migrate`")


async def _applied(connection: Any, schema: str) -> str:
    """The version that a schema is at; empty before the first."""
    if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.alembic_version") is None:
        return ""
    return str(await connection.fetchval(_VERSION.format(schema=schema)) or "")


async def _upgrade(url: str, histories: Mapping[str, Path]) -> None:
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url, timeout=10), poolclass=NullPool
    )
    async with asyncio.timeout(300), engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        for schema, directory in histories.items():
            await connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
            await connection.execute(text(f"SET LOCAL search_path TO {schema}"))
            await connection.run_sync(_upgrade_one, schema, directory)
    await engine.dispose()


def _upgrade_one(connection: Any, schema: str, directory: Path) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "schema": schema})
    config.set_main_option("script_location", str(directory).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")
