"""Timers are fired exactly once, however many sweep, and whoever dies while firing."""

import asyncio
import random

from shared.clock import SystemClock
from shared.db import Database, Tx
from shared.db.timers import Sweeper
from tests.conftest import OpenDatabase
from tests.support.waiting import wait_until

TIMERS = 3000
LIMIT = 100

TABLES = """
CREATE TABLE timer (id int PRIMARY KEY, due_at timestamptz NOT NULL, state text NOT NULL DEFAULT 'open');
CREATE INDEX ON timer (due_at) WHERE state = 'open';
CREATE TABLE fired (id int);
"""

CLAIM = """
SELECT id FROM timer WHERE state = 'open' AND due_at <= statement_timestamp()
 ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""


class Instance:
    """One of several services with the same sweep; it may fail in the middle of a batch, by chance."""

    def __init__(self, db: Database, name: str, *, fails: float = 0.0) -> None:
        self._db = db
        self._fails = fails
        self._chance = random.Random(name)
        self.failures = 0
        self.sweeper = Sweeper(name, self.sweep, interval=0.005, limit=LIMIT, clock=SystemClock())

    async def sweep(self) -> int:
        async with self._db.transaction() as tx:
            fired = await fire_due(tx)
            if fired and self._chance.random() < self._fails:
                self.failures += 1
                raise RuntimeError("killed inside its transaction")
        return fired


async def fire_due(tx: Tx) -> int:
    rows = await tx.fetch(CLAIM, LIMIT)
    ids = [row["id"] for row in rows]
    await tx.execute("UPDATE timer SET state = 'fired' WHERE id = ANY($1::int[]) AND state = 'open'", ids)
    await tx.execute("INSERT INTO fired SELECT unnest($1::int[])", ids)
    return len(ids)


async def with_timers(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute(TABLES)
        await tx.execute(
            "INSERT INTO timer (id, due_at) "
            "SELECT n, statement_timestamp() + n * interval '0.1 ms' FROM generate_series(1, $1::int) n",
            TIMERS,
        )


async def fired(db: Database) -> int:
    async with db.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM fired"))


async def test_three_sweepers_of_which_two_keep_dying_fire_each_timer_once(bare: OpenDatabase) -> None:
    db = await bare("router")
    await with_timers(db)
    instances = [Instance(db, "one"), Instance(db, "two", fails=0.5), Instance(db, "three", fails=0.5)]
    for instance in instances:
        await instance.sweeper.start()
    await wait_until(lambda: all_fired(db))
    for instance in instances:
        await instance.sweeper.stop()
    assert instances[1].failures + instances[2].failures > 0, "the story needs deaths"
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(DISTINCT id) FROM fired") == TIMERS
    assert await fired(db) == TIMERS


async def all_fired(db: Database) -> bool:
    return await fired(db) >= TIMERS


async def test_what_a_frozen_sweeper_holds_is_fired_by_another_once_its_session_ends(bare: OpenDatabase) -> None:
    db = await bare("router")
    await with_timers(db)
    thawed = asyncio.Event()

    async def frozen() -> None:
        async with db.transaction() as tx:
            await tx.execute("SET LOCAL idle_in_transaction_session_timeout = '300ms'")
            await wait_until(lambda: fire_due(tx))
            await thawed.wait()

    freezing = asyncio.create_task(frozen())
    other = Instance(db, "other")
    await other.sweeper.start()
    await wait_until(lambda: all_fired(db))
    await other.sweeper.stop()
    thawed.set()
    result = await asyncio.gather(freezing, return_exceptions=True)
    assert result[0] is not None, "the frozen transaction must not commit"
    assert await fired(db) == TIMERS
