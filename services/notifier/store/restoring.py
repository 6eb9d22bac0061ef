"""Keys of pages after a restore: which there are, and their numbers raised."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from shared.db import Tx


async def sequences(tx: Tx, keys: Collection[str]) -> dict[str, int]:
    """The number of our last event of each of these keys that is known here."""
    rows = await tx.fetch("SELECT key, seq FROM cases WHERE key = ANY ($1::text[]::uuid[])", list(keys))
    return {str(row["key"]): row["seq"] for row in rows}


async def raise_sequences(tx: Tx, keys: Sequence[str], step: int) -> None:
    """Count our events of these keys from further on."""
    await tx.execute("UPDATE cases SET seq = seq + $2 WHERE key = ANY ($1::text[]::uuid[])", list(keys), step)


async def add_keys(tx: Tx, keys: Mapping[UUID, UUID | None]) -> None:
    """Make a row for each key (-> its case) that has none."""
    wanted = sorted(keys)
    await tx.execute(_ADD, wanted, [keys[key] for key in wanted])


_ADD = "INSERT INTO cases (key, case_id) SELECT * FROM unnest($1::uuid[], $2::uuid[]) ON CONFLICT (key) DO NOTHING"
