"""The outbox has room for so many rows and bytes; beyond that commands are refused until it has drained."""

import pytest

from shared.bus import outbox
from shared.bus.room import Bound, Room
from shared.clock import SystemClock
from shared.db import Database
from shared.errors import Transient
from tests.conftest import OpenDatabase
from tests.support.bus import message
from tests.support.waiting import wait_until


async def commit(db: Database, number: int, *, first: int = 1) -> None:
    async with db.transaction() as tx:
        await outbox.enqueue(tx, [message("case-1", seq) for seq in range(first, first + number)])


async def test_it_is_full_at_the_bound_and_has_room_again_when_drained(bare: OpenDatabase) -> None:
    db = await bare("intake")
    room = Room(db, SystemClock(), Bound(rows=5, size=10**9))
    await commit(db, 4)
    await room.look()
    room.require()

    await commit(db, 1, first=5)
    await room.look()
    with pytest.raises(Transient, match="full") as refused:
        room.require()
    assert refused.value.retry_after >= 1
    full = room.check().detail
    assert "5 events" in full

    async with db.connection() as connection:
        await connection.execute("DELETE FROM outbox WHERE seq <= 2")

    async def seen() -> bool:
        await room.look()  # counts again only after a while
        return room.check().detail != full

    await wait_until(seen, what="there is room")
    room.require()


async def test_it_is_full_by_bytes_too(bare: OpenDatabase) -> None:
    db = await bare("intake")
    await commit(db, 3)
    async with db.connection() as connection:
        size = int(await connection.fetchval("SELECT sum(octet_length(payload)) FROM outbox"))
    exact, larger = (Room(db, SystemClock(), Bound(rows=1000, size=bytes_)) for bytes_ in (size, size + 1))

    await exact.look()
    await larger.look()

    with pytest.raises(Transient):
        exact.require()
    larger.require()


async def test_gaps_between_ids_and_dead_rows_are_no_backlog(bare: OpenDatabase) -> None:
    db = await bare("intake")
    await commit(db, 100)
    async with db.connection() as connection:
        await connection.execute("DELETE FROM outbox WHERE seq BETWEEN 2 AND 99")
    room = Room(db, SystemClock(), Bound(rows=10, size=10**9))

    await room.look()

    room.require()
