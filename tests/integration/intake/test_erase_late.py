"""What was said before an erase and comes after it: Kafka keeps it for days, and a service may be behind."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from services.intake import erasing
from services.intake.store import cases
from shared.bus import consumed, parking
from shared.bus.parking import PARKING_LIMITS
from shared.bus.positions import Place
from shared.bus.records import Item, Record, read
from shared.db import Database
from shared.errors import Permanent, PermanentReason
from shared.ids import uuid7
from shared.protection.arriving import FOLLOWER, INTAKE, Arriving
from tests.conftest import OpenDatabase
from tests.integration.intake.harness import Intake, received
from tests.integration.intake.test_retention import _KNOWS
from tests.integration.intake.test_retention_aside import telling
from tests.support.samples import change_of, sample

FAULT = Permanent(PermanentReason.INVALID, "words")


async def erase(intake: Intake, case_id: str) -> None:
    async with intake.db.transaction() as tx:
        case = await cases.lock(tx, UUID(case_id))
        assert case is not None
        await erasing.erase(tx, intake.db, case)


async def decline(intake: Intake, case_id: str, *, seq: int, minutes: int) -> str:
    """A decline in somebody's words, so many minutes from now; the words that the timeline shows."""
    said = change_of("tocsin.assignment.declined")
    said["assignment"] |= {"case_id": case_id, "state": "declined", "reason": "words"}
    at = datetime.now().astimezone() + timedelta(minutes=minutes)
    event = sample("tocsin.assignment.declined", case_id=UUID(case_id), occurred_at=at, recorded_at=at, change=said)
    await intake.take(received(event, source="/tocsin/router", seq=seq))
    entries = await intake.items(f"/v1/cases/{case_id}/timeline", limit="50")
    (change,) = [e["change"] for e in entries if (e["source"], e["sequence"]) == ("/tocsin/router", seq)]
    return str(change["assignment"]["reason"])


async def test_why_somebody_declined_before_the_erase_is_not_told_after_it(intake: Intake) -> None:
    case_id = await intake.open_case()
    assert await decline(intake, case_id, seq=1, minutes=-1) == "words"
    await erase(intake, case_id)
    assert await decline(intake, case_id, seq=2, minutes=-1) == "[erased]"
    assert await decline(intake, case_id, seq=3, minutes=1) == "words", "the case goes on"


async def test_of_a_resolved_case_no_words_are_kept_until_it_is_resolved_again(intake: Intake) -> None:
    case_id = await intake.open_case()
    await intake.command(case_id, "resolve", outcome="violation", summary="words")
    await erase(intake, case_id)
    assert await decline(intake, case_id, seq=1, minutes=1) == "[erased]"
    await intake.command(case_id, "reopen", kind="error", reason="words")
    assert await decline(intake, case_id, seq=2, minutes=2) == "words"


def garbage(case_id: UUID) -> Item:
    return read(Record(Place("tocsin.cases", 0), 1, str(case_id).encode(), b"words", ()))


async def arrive(db: Database, find: str, dead: Item, *parked: Item) -> list[bytes]:
    """Set aside as the consumer does; the values that are kept."""
    async with db.transaction() as tx:
        await consumed.bury(tx, [(dead, FAULT)], service=db.schema)
        await parking.park(tx, [(item, dead.record.dead_letter_id) for item in parked], PARKING_LIMITS)
        await Arriving(find)(tx, [dead, *parked])
        rows = await tx.fetch(
            "SELECT value FROM dead_letter UNION ALL SELECT value FROM parked_event"
            " UNION ALL SELECT payload AS value FROM outbox"
        )
    return [row["value"] for row in rows if b"words" in row["value"]]


@pytest.mark.parametrize("schema", sorted(_KNOWS))
async def test_what_is_set_aside_of_an_erased_case_has_no_words(database: OpenDatabase, schema: str) -> None:
    db, case_id = await database(schema), uuid7()
    async with db.transaction() as tx:
        await tx.execute(_KNOWS[schema], case_id, {"summary": "[erased]", "status": "resolved"})
    assert await arrive(db, FOLLOWER, garbage(case_id), telling(case_id, 2), telling(case_id, 3)) == []


async def test_nor_in_intake(intake: Intake) -> None:
    case_id = await intake.open_case()
    await intake.command(case_id, "resolve", outcome="violation", summary="words")
    await erase(intake, case_id)
    assert await arrive(intake.db, INTAKE, garbage(UUID(case_id)), telling(UUID(case_id), 2)) == []


@pytest.mark.parametrize("schema", sorted(_KNOWS))
async def test_of_a_case_that_goes_on_only_what_was_said_before_the_erase_has_none(
    database: OpenDatabase, schema: str
) -> None:
    db, case_id = await database(schema), uuid7()
    async with db.transaction() as tx:
        await tx.execute(_KNOWS[schema], case_id, {"summary": "[erased]", "status": "open"})
    assert await arrive(db, FOLLOWER, telling(case_id, 2)) == []
    kept = await arrive(db, FOLLOWER, garbage(case_id), telling(case_id, 3))
    assert kept == [b"words", b"words"], "the letter and its announcement, which nobody can read"


async def test_other_cases_keep_theirs(database: OpenDatabase) -> None:
    db, case_id = await database("router"), uuid7()
    async with db.transaction() as tx:
        await tx.execute(_KNOWS["router"], case_id, {"summary": "words", "status": "resolved"})
    assert len(await arrive(db, FOLLOWER, telling(case_id, 2), telling(case_id, 3))) == 3
