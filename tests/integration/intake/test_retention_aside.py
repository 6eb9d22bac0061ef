"""What was set aside of a case loses its texts when the time of the case is over, and stays as it stands."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from shared.bus import consumed, parking
from shared.bus.messages import Message, instant_text
from shared.bus.parking import PARKING_LIMITS
from shared.bus.positions import Place
from shared.bus.records import Item, Record, read
from shared.config.holder import ConfigHolder
from shared.db import Database
from shared.errors import Permanent, PermanentReason
from shared.ids import uuid7
from tests.conftest import OpenDatabase
from tests.integration.intake.test_retention import _KNOWS, _REMOVES, holder, job
from tests.support.samples import sample

__all__ = ["holder"]

FAULT = Permanent(PermanentReason.HANDLER_FAILED, "words")
OPEN = {"status": "open", "summary": "words", "version": 1}


def at(days_ago: int) -> str:
    return instant_text(datetime.now().astimezone() - timedelta(days=days_ago))


def telling(case_id: UUID, offset: int, **case: Any) -> Item:
    """An event of the case that says this of it."""
    event = sample("tocsin.case.acknowledged")
    message = Message.of(event, key=str(case_id), seq=offset)
    value = orjson.loads(message.payload)
    value["case"] |= {"summary": "words", **case}
    headers = {**message.headers(), "ce_source": "/tocsin/intake"}
    raw = tuple((name, text.encode()) for name, text in headers.items())
    return read(Record(Place("tocsin.cases", 0), offset, str(case_id).encode(), orjson.dumps(value), raw))


async def set_aside(db: Database, dead: Item, *parked: Item) -> None:
    async with db.transaction() as tx:
        await consumed.bury(tx, [(dead, FAULT)], service=db.schema)
        await parking.park(tx, [(item, dead.record.dead_letter_id) for item in parked], PARKING_LIMITS)
        await tx.execute("DELETE FROM outbox")


async def worded(db: Database) -> set[UUID]:
    """The cases of which words are left, in their row or set aside."""
    async with db.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT case_id::text AS key FROM cases WHERE summary::text LIKE '%words%'
            UNION SELECT event_key FROM dead_letter WHERE error = 'words' OR convert_from(value, 'UTF8') LIKE '%words%'
            UNION SELECT event_key FROM parked_event WHERE convert_from(value, 'UTF8') LIKE '%words%'
            """
        )
        assert await connection.fetchval("SELECT count(*) FROM dead_letter WHERE state = 'open'") == len(TOLD)
        assert await connection.fetchval("SELECT count(*) FROM parked_event") == len(TOLD)
    return {UUID(row["key"]) for row in rows}


TOLD: dict[str, dict[str, Any]] = {
    "due": {"version": 3, "status": "resolved", "resolved_at": at(200)},
    "young": {"version": 3, "status": "resolved", "resolved_at": at(170)},
    "open": {"version": 3, "status": "open"},
    "held": {"version": 3, "status": "resolved", "resolved_at": at(200), "preserve_until": at(-1)},
}


@pytest.mark.parametrize("schema", sorted(_KNOWS))
async def test_what_waits_behind_a_dead_letter_tells_when_its_case_is_over(
    database: OpenDatabase, holder: ConfigHolder, schema: str
) -> None:
    db = await database(schema)
    ids = {name: uuid7() for name in TOLD}
    for number, (name, case) in enumerate(TOLD.items()):
        async with db.transaction() as tx:
            await tx.execute(_KNOWS[schema], ids[name], OPEN)
        dead = telling(ids[name], 2 * number + 1, version=2, status="open", preserve_until=None)
        await set_aside(db, dead, telling(ids[name], 2 * number + 2, **{"preserve_until": None, **case}))
    sweeper = job(db, holder, _REMOVES[schema])
    await sweeper.sweep()
    assert await worded(db) == {ids["young"], ids["open"], ids["held"]}
    await sweeper.sweep()
    async with db.connection() as connection:
        told = await connection.fetch("SELECT subject FROM audit WHERE action = 'retention.erased'")
    assert [row["subject"] for row in told] == [f"case {ids['due']}"]
