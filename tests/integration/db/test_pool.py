"""Sessions are set up alike, instants are the database's, and what passes by itself is `Transient`."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from shared.db import Database
from shared.errors import Transient
from tests.conftest import OpenDatabase


async def test_every_session_is_set_up_as_the_design_says(bare: OpenDatabase) -> None:
    db = await bare("router")
    async with db.connection() as connection:
        shown = {
            name: await connection.fetchval("SELECT current_setting($1)", name)
            for name in (
                "search_path",
                "synchronous_commit",
                "idle_in_transaction_session_timeout",
                "statement_timeout",
                "lock_timeout",
                "TimeZone",
            )
        }
    assert shown == {
        "search_path": "router",
        "synchronous_commit": "on",
        "idle_in_transaction_session_timeout": "2s",
        "statement_timeout": "10s",
        "lock_timeout": "3s",
        "TimeZone": "UTC",
    }


async def test_json_and_uuids_go_through_unchanged(bare: OpenDatabase) -> None:
    db = await bare("router")
    value = {"name": "Ana", "levels": [1, 2.5, None], "at": "2026-11-22T17:00:00Z"}
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT $1::jsonb", value) == value
        assert await connection.fetchval("SELECT $1::jsonb ->> 'a'", b'{"a": "ready-made"}') == "ready-made"
        assert await connection.fetchval("SELECT $1::uuid", UUID(int=7)) == UUID(int=7)


async def test_a_transaction_that_raises_leaves_nothing(bare: OpenDatabase) -> None:
    db = await bare("router")

    async def fail_half_way() -> None:
        async with db.transaction() as tx:
            await tx.execute("INSERT INTO lease VALUES ('x', 'me', 1, now())")
            raise LookupError

    with pytest.raises(LookupError):
        await fail_half_way()
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM lease") == 0


async def test_now_is_the_databases_and_is_shifted_in_tests(bare: OpenDatabase) -> None:
    db = await bare("router", offset=timedelta(days=3))
    async with db.transaction() as tx:
        now = await db.now(tx)
    assert abs(now - timedelta(days=3) - datetime.now(UTC)) < timedelta(seconds=5)


async def test_a_connection_that_is_cut_is_transient_and_the_next_one_works(bare: OpenDatabase) -> None:
    db = await bare("router")
    with pytest.raises(Transient):
        async with db.transaction() as tx:
            await tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    await db.ping()


async def test_a_lock_that_is_not_to_be_had_is_transient(bare: OpenDatabase) -> None:
    db = await bare("router")

    async def read_impatiently() -> None:
        async with db.transaction() as tx:
            await tx.execute("SET LOCAL lock_timeout = '10ms'")
            await tx.fetch("SELECT * FROM lease")

    async with db.transaction() as holder:
        await holder.execute("LOCK TABLE lease IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Transient, match="lock"):
            await read_impatiently()


async def test_an_exhausted_pool_is_transient(bare: OpenDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.db.pool.ACQUIRE_TIMEOUT", 0.05)
    db = await bare("router", max_size=1)
    async with db.connection():
        with pytest.raises(Transient):
            await db.ping()
    await db.ping()


async def test_faults_of_the_work_pass_as_they_are(bare: OpenDatabase) -> None:
    db = await bare("router")
    with pytest.raises(asyncpg.UniqueViolationError):
        async with db.transaction() as tx:
            await tx.execute("INSERT INTO lease VALUES ('x', 'me', 1, now()), ('x', 'me', 1, now())")


async def test_a_service_opens_its_pool_while_postgresql_is_away() -> None:
    db = await Database.connect("postgresql://nobody@127.0.0.1:1/none", schema="router")
    with pytest.raises(Transient):
        await db.ping()
    await db.close()
