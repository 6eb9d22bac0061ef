"""What is in the audit stays there as it is: PostgreSQL itself refuses every other way."""

from contextlib import suppress

import asyncpg
import pytest

from shared.audit import Entry, record
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ActorKind
from tests.conftest import OpenDatabase

ANA = Actor(kind=ActorKind.PERSON, id="ana")


async def test_an_entry_stands_exactly_when_its_act_does(bare: OpenDatabase) -> None:
    db = await bare("intake")
    with suppress(ZeroDivisionError):
        async with db.transaction() as tx:
            await record(tx, [Entry(ANA, "case.resolve", "case 1")])
            raise ZeroDivisionError
    note = Entry(ANA, "case.note", "case 1", {"visibility": "public"})
    async with db.transaction() as tx:
        await record(tx, [note, Entry(ANA, "case.pend", "case 2")])
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT actor_kind, actor_id, action, subject, detail FROM audit ORDER BY id")
    assert [dict(row) for row in rows] == [
        {
            "actor_kind": "person",
            "actor_id": "ana",
            "action": "case.note",
            "subject": "case 1",
            "detail": {"visibility": "public"},
        },
        {"actor_kind": "person", "actor_id": "ana", "action": "case.pend", "subject": "case 2", "detail": {}},
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor_id = 'ben'",
        "UPDATE audit SET position = 1, previous = '', hash = '', detail = '{}'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "DELETE FROM audit_chain",
        "TRUNCATE audit_chain",
        """
        INSERT INTO audit (actor_kind, actor_id, action, subject, detail, position, previous, hash)
        VALUES ('person', 'ben', 'case.note', 'case 1', '{}', 1, '', '')
        """,
    ],
)
async def test_no_statement_changes_or_removes_a_row_or_puts_one_into_the_chain(
    bare: OpenDatabase, statement: str
) -> None:
    db = await bare("intake")
    async with db.transaction() as tx:
        await record(tx, [Entry(ANA, "case.resolve", "case 1", {"outcome": "violation"})])
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        async with db.transaction() as tx:
            await tx.execute(statement)
