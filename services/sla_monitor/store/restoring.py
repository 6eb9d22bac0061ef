"""Cases after a restore: which there are, and their numbers raised."""

from collections.abc import Collection, Sequence

from shared.db import Tx


async def sequences(tx: Tx, keys: Collection[str]) -> dict[str, int]:
    """The number of our last event of each of these keys that is a case here."""
    rows = await tx.fetch("SELECT case_id, seq FROM cases WHERE case_id = ANY ($1::text[]::uuid[])", list(keys))
    return {str(row["case_id"]): row["seq"] for row in rows}


async def raise_sequences(tx: Tx, keys: Sequence[str], step: int) -> None:
    """Count our events of these cases from further on."""
    await tx.execute("UPDATE cases SET seq = seq + $2 WHERE case_id = ANY ($1::text[]::uuid[])", list(keys), step)
