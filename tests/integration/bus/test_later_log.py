"""A log that begins anew (another cluster, a topic made again) has other records at places that were used before."""

from dataclasses import replace
from uuid import UUID

import pytest

from shared.bus import consumed, dead_letters, parking
from shared.bus.dead_letters import Choice, Listed
from shared.bus.parking import PARKING_LIMITS
from shared.bus.positions import Place
from shared.bus.records import Item, Record
from shared.bus.triage import triage
from shared.db import Database
from shared.errors import Permanent, PermanentReason
from tests.conftest import OpenDatabase

PLACE = Place("tocsin.cases", 3)
FAULT = Permanent(PermanentReason.UNREADABLE, "not JSON")


@pytest.fixture
async def db(bare: OpenDatabase) -> Database:
    return await bare("router")


def record(offset: int, value: bytes, *, key: bytes | None = b"case-1", header: bytes = b"1") -> Record:
    return Record(PLACE, offset, key, value, (("ce_sequence", header),))


async def bury(db: Database, *records: Record) -> None:
    async with db.transaction() as tx:
        await consumed.bury(tx, [(Item(one, None, FAULT), FAULT) for one in records], service="router")


async def park(db: Database, behind: UUID, *records: Record) -> None:
    async with db.transaction() as tx:
        await parking.park(tx, [(Item(one, None), behind) for one in records], PARKING_LIMITS)


async def letters(db: Database) -> list[Listed]:
    async with db.connection() as connection:
        return await dead_letters.listed(connection, Choice(), limit=100)


async def buried(db: Database) -> dict[int, Record]:
    """By id, as they are kept."""
    async with db.connection() as connection:
        found = [await dead_letters.record(connection, letter.id) for letter in await letters(db)]
    return {one.offset: one for one in found if one is not None}


async def waiting(db: Database, behind: UUID) -> list[bytes | None]:
    async with db.connection() as connection:
        return [one.value for one in await parking.parked_behind(connection, behind, limit=100)]


async def test_another_dead_record_at_the_same_place_stands_beside_the_first(db: Database) -> None:
    first, second, third = record(7, b"{1"), record(7, b"{2"), record(7, b"{2", header=b"2")
    for one in (first, second, third):
        await bury(db, one)
    assert {letter.id for letter in await letters(db)} == {one.dead_letter_id for one in (first, second, third)}
    assert await buried(db) == {-1: replace(first, offset=-1), -2: replace(second, offset=-2), 7: third}


@pytest.mark.parametrize("key", [b"case-1", None])
async def test_the_same_dead_record_taken_again_is_one_letter_and_open_again(db: Database, key: bytes | None) -> None:
    one = record(7, b"{1", key=key)
    await bury(db, one)
    await bury(db, one)
    assert await buried(db) == {7: one}
    async with db.transaction() as tx:
        await dead_letters.discard(tx, Choice())
    await bury(db, one)
    assert [(letter.id, letter.state, letter.settled_at) for letter in await letters(db)] == [
        (one.dead_letter_id, "open", None)
    ]


async def test_parked_events_of_the_earlier_log_stay_before_those_of_the_later(db: Database) -> None:
    poison = record(0, b"{")
    await bury(db, poison)
    behind = poison.dead_letter_id
    await park(db, behind, record(3, b"old 3"), record(5, b"old 5"), record(9, b"old 9"))
    await park(db, behind, record(4, b"new 4"))
    await park(db, behind, record(5, b"new 5"), record(6, b"new 6"))
    await park(db, behind, record(6, b"newest 6"))
    expected = [b"old 3", b"old 5", b"old 9", b"new 4", b"new 5", b"new 6", b"newest 6"]
    assert await waiting(db, behind) == expected


async def test_the_same_record_is_parked_once(db: Database) -> None:
    poison = record(0, b"{")
    await bury(db, poison)
    again = [record(4, b"four"), record(5, b"five")]
    for _ in range(2):
        await park(db, poison.dead_letter_id, *again)
    async with db.connection() as connection:
        assert await parking.parked_behind(connection, poison.dead_letter_id, limit=9) == again


async def test_a_settled_letter_is_known_to_whoever_reads_its_copy(db: Database) -> None:
    headers = (("ce_id", b"1"),)
    one = Record(PLACE, 7, b"case-1", b"{1", headers)
    copy, other = replace(one, offset=9), replace(one, offset=9, value=b"{2")

    async def outcome(read: Record) -> tuple[int, int]:
        async with db.transaction() as tx:
            items = [Item(read, None, FAULT)]
            sorted_out = triage(items, await consumed.known_of(tx, items))
        return sum(sorted_out.duplicates.values()), len(sorted_out.dead)

    await bury(db, one)
    async with db.transaction() as tx:
        await dead_letters.discard(tx, Choice())
        await tx.execute("UPDATE dead_letter SET draining = false")
    assert await outcome(copy) == (1, 0)
    assert await outcome(other) == (0, 1)
