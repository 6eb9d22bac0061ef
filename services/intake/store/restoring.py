"""Cases after a restore: which there are, numbers raised, what is open said again."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from services.intake.case import Case
from services.intake.store.rows import COLUMNS, case_from
from shared.db import Tx


async def open_keys(tx: Tx) -> list[str]:
    """The ids of the cases that are not resolved."""
    rows = await tx.fetch("SELECT case_id FROM cases WHERE status <> 'resolved' ORDER BY case_id")
    return [str(row["case_id"]) for row in rows]


async def sequences(tx: Tx, keys: Collection[str]) -> dict[str, int]:
    """The number of the last event of each of these keys that is a case here."""
    rows = await tx.fetch("SELECT case_id, version FROM cases WHERE case_id = ANY ($1::text[]::uuid[])", list(keys))
    return {str(row["case_id"]): row["version"] for row in rows}


async def some(tx: Tx, keys: Sequence[str]) -> list[Case]:
    """Those of these cases that are not resolved, locked."""
    return [case_from(row) for row in await tx.fetch(_SOME, list(keys))]


async def raise_sequences(tx: Tx, keys: Sequence[str], step: int) -> None:
    """Count these cases' events from further on."""
    await tx.execute(_RAISE, list(keys), step)


async def said_again(tx: Tx, case_ids: Sequence[UUID], at: datetime) -> None:
    """Each of these has one more event, recorded at `at`."""
    await tx.execute(_SAID, list(case_ids), at)


_SOME = f"""
SELECT {COLUMNS} FROM cases
 WHERE case_id = ANY ($1::text[]::uuid[]) AND status <> 'resolved' ORDER BY case_id FOR UPDATE
"""  # noqa: S608 - constants

_RAISE = "UPDATE cases SET version = version + $2 WHERE case_id = ANY ($1::text[]::uuid[])"

_SAID = """
UPDATE cases SET version = version + 1, recorded_at = greatest(recorded_at, $2) WHERE case_id = ANY ($1::uuid[])
"""
