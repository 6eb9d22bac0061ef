"""The pool of connections of one service: sessions set up alike, instants of one clock, one kind of fault.

Owns every session setting. Emits `Transient` for whatever of PostgreSQL passes by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Protocol

import asyncpg
import orjson

from shared.db.faults import translated
from shared.errors import Transient

ACQUIRE_TIMEOUT = 5.0
"""Seconds to wait for a free connection, and to clean one up after a time-out."""

COMMAND_TIMEOUT = 10.0
"""Seconds after which the client itself gives a statement up (the server may be frozen)."""

SESSION = {
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "2s",
    "statement_timeout": "10s",
    "lock_timeout": "3s",
    "TimeZone": "UTC",
    "jit": "off",
}
"""Architecture section 2: a frozen process must not hold a lock, nor a slow one a connection."""

Row = Mapping[str, Any]


class Tx(Protocol):
    """A connection inside a transaction; what stores and the bus run their SQL on."""

    async def execute(self, query: str, /, *args: Any) -> str:
        """Run a statement; the command tag, for example `UPDATE 1`."""

    async def executemany(self, command: str, args: Any, /) -> None:
        """Run one statement for each tuple of arguments."""

    async def fetch(self, query: str, /, *args: Any) -> list[Row]:
        """All rows."""

    async def fetchrow(self, query: str, /, *args: Any) -> Row | None:
        """The first row, or None."""

    async def fetchval(self, query: str, /, *args: Any) -> Any:
        """The first column of the first row, or None."""


class Database:
    """One service's schema. `offset` shifts every instant read from it, for tests only.

    `silent`: PostgreSQL does not answer at all; whatever is asked of it fails at once.
    """

    def __init__(self, pool: Any, *, url: str, schema: str, offset: timedelta) -> None:
        self._pool = pool
        self._url = url
        self._in_use: set[Any] = set()
        self.schema = schema
        self.offset = offset
        self.silent = False

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        schema: str,
        min_size: int = 2,
        max_size: int = 10,
        offset: timedelta = timedelta(0),
    ) -> "Database":
        """A pool whose sessions see `schema` alone. PostgreSQL may be away: connections are made when used."""
        pool = asyncpg.create_pool(
            url,
            min_size=0,
            max_size=max_size,
            command_timeout=COMMAND_TIMEOUT,
            timeout=ACQUIRE_TIMEOUT,
            max_inactive_connection_lifetime=0,
            server_settings={**SESSION, "search_path": schema, "application_name": f"tocsin {schema}"},
            init=_set_up,
            reset=_keep_session,
        )
        await pool
        database = cls(pool, url=url, schema=schema, offset=offset)
        await database._open(min_size)
        return database

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Tx]:
        """A connection for single reads: each statement is a transaction of its own."""
        with translated():
            async with self._acquired() as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        with translated():
            async with self._acquired() as connection, connection.transaction():
                yield connection

    async def now(self, tx: Tx) -> datetime:
        """The instant of a decision: call it after the locks are held."""
        instant: datetime = await tx.fetchval("SELECT statement_timestamp()")
        return instant + self.offset

    async def ping(self) -> None:
        """Raise `Transient` unless PostgreSQL answers."""
        async with self.connection() as connection:
            await connection.fetchval("SELECT 1")

    async def connect_apart(self) -> Any:
        """A connection outside the pool, to ask whether PostgreSQL answers."""
        return await asyncpg.connect(self._url, server_settings={"application_name": f"tocsin {self.schema} watch"})

    async def renew_connections(self) -> None:
        """Let the pool replace each connection before it is used again: the other end may be gone."""
        await self._pool.expire_connections()

    def falls_silent(self) -> None:
        """PostgreSQL does not answer: whatever waits for it fails now, and what comes fails at once."""
        self.silent = True
        for connection in list(self._in_use):
            connection.terminate()

    def answers(self) -> None:
        """PostgreSQL answers (again)."""
        self.silent = False

    async def close(self) -> None:
        """Close every connection, by force after five seconds."""
        try:
            async with asyncio.timeout(ACQUIRE_TIMEOUT):
                await self._pool.close()
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._pool.terminate()

    def _acquired(self) -> "_Acquired":
        if self.silent:
            raise Transient("PostgreSQL does not answer")
        return _Acquired(self._pool, self._in_use)

    async def _open(self, size: int) -> None:
        """Open `size` connections now, so that the first requests need not wait for them."""

        async def hold() -> None:
            async with self.connection() as connection:
                await connection.fetchval("SELECT 1")

        with suppress(Transient):
            await asyncio.gather(*(hold() for _ in range(size)))


class _Acquired:
    """A connection of the pool for as long as the context lasts; it stands in `in_use` meanwhile."""

    __slots__ = ("_connection", "_in_use", "_pool")

    def __init__(self, pool: Any, in_use: set[Any]) -> None:
        self._pool = pool
        self._in_use = in_use

    async def __aenter__(self) -> Any:
        self._connection = await self._pool.acquire(timeout=ACQUIRE_TIMEOUT)
        self._in_use.add(self._connection)
        return self._connection

    async def __aexit__(self, *_exc: object) -> None:
        self._in_use.discard(self._connection)
        await self._pool.release(self._connection)


async def _set_up(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_to_jsonb, decoder=_from_jsonb, format="binary"
    )


async def _keep_session(connection: Any) -> None:
    """Nothing: no code here changes a session, and asyncpg's own reset costs a round trip each release."""


def _to_jsonb(value: Any) -> bytes:
    """PostgreSQL's binary jsonb: a version byte, then the text. Bytes are taken as JSON already."""
    return b"\x01" + (value if isinstance(value, bytes) else orjson.dumps(value, option=orjson.OPT_UTC_Z))


def _from_jsonb(raw: bytes) -> Any:
    return orjson.loads(raw[1:])
