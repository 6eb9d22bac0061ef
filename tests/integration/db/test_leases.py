"""One holder at a time; who lost the lease writes nothing more."""

import asyncio
from datetime import timedelta

import pytest

from shared.db import Database
from shared.db.leases import Lease, LeaseLost
from tests.conftest import OpenDatabase
from tests.support.waiting import wait_until

SHORT = timedelta(milliseconds=150)
LONG = timedelta(seconds=30)


def lease(db: Database, owner: str, ttl: timedelta = LONG) -> Lease:
    return Lease(db, "match", owner, ttl)


async def test_the_first_takes_it_and_the_second_waits(bare: OpenDatabase) -> None:
    db = await bare("router")
    assert await lease(db, "one").acquire() == 1
    assert await lease(db, "two").acquire() is None
    assert await lease(db, "one").acquire() == 1, "renewing keeps the epoch"


async def test_of_many_at_once_one_gets_it(bare: OpenDatabase) -> None:
    db = await bare("router")
    epochs = await asyncio.gather(*(lease(db, f"owner {n}").acquire() for n in range(8)))
    assert [epoch for epoch in epochs if epoch is not None] == [1]


async def test_when_the_holder_falls_silent_the_next_takes_over_with_a_new_epoch(bare: OpenDatabase) -> None:
    db = await bare("router")
    await lease(db, "one", SHORT).acquire()
    assert await wait_until(lease(db, "two").acquire) == 2


async def test_a_released_lease_is_free_at_once(bare: OpenDatabase) -> None:
    db = await bare("router")
    await lease(db, "one").acquire()
    await lease(db, "two").release()
    assert await lease(db, "two").acquire() is None, "only the holder may release"
    await lease(db, "one").release()
    assert await lease(db, "two").acquire() == 2


async def test_the_former_holder_is_refused_inside_its_transaction(bare: OpenDatabase) -> None:
    db = await bare("router")
    former = lease(db, "one", SHORT)
    assert await former.acquire() == 1
    await wait_until(lease(db, "two").acquire)
    with pytest.raises(LeaseLost):
        async with db.transaction() as tx:
            await former.check(tx, 1)


async def test_a_checked_lease_cannot_be_taken_before_the_transaction_ends(bare: OpenDatabase) -> None:
    db = await bare("router")
    holder = lease(db, "one", timedelta(milliseconds=20))
    await holder.acquire()
    async with db.transaction() as tx:
        await holder.check(tx, 1)
        taking = asyncio.create_task(lease(db, "two").acquire())
        await tx.fetchval("SELECT pg_sleep(0.1)")
        assert not taking.done()
    assert await wait_until(lease(db, "two").acquire) == 2
    await taking
