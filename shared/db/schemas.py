"""Which services' schemas a database holds, for commands that work on more than one."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from shared.db.pool import Database


async def present(url: str, schemas: Iterable[str]) -> list[str]:
    """Those of `schemas` that the database behind `url` holds; raises `Transient` when it is away."""
    database = await Database.connect(url, schema="pg_catalog", min_size=0, max_size=1)
    try:
        async with database.connection() as connection:
            rows = await connection.fetch("SELECT nspname FROM pg_namespace WHERE nspname = ANY($1)", list(schemas))
    finally:
        await database.close()
    found = {row["nspname"] for row in rows}
    return [schema for schema in schemas if schema in found]


@asynccontextmanager
async def opened(url: str, schemas: Iterable[str]) -> AsyncIterator[dict[str, Database]]:
    """A small pool for each of `schemas`, closed afterwards."""
    pools: dict[str, Database] = {}
    try:
        for schema in schemas:
            pools[schema] = await Database.connect(url, schema=schema, min_size=0, max_size=2)
        yield pools
    finally:
        for pool in pools.values():
            await pool.close()
