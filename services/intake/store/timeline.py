"""The timeline: every event of a case, from all four services."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db import Tx


@dataclass(frozen=True, slots=True)
class Entry:
    """One event; `actor` and `change` are JSON, as bytes or as plain values."""

    case_id: UUID
    source: str
    sequence: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: Any
    change: Any


async def add(tx: Tx, entries: Sequence[Entry]) -> None:
    """Keep them; one that is there already stays as it is."""
    if not entries:
        return
    await tx.execute(
        _ADD,
        [entry.case_id for entry in entries],
        [entry.source for entry in entries],
        [entry.sequence for entry in entries],
        [entry.type for entry in entries],
        [entry.occurred_at for entry in entries],
        [entry.recorded_at for entry in entries],
        [entry.actor for entry in entries],
        [entry.change for entry in entries],
    )


async def page(tx: Tx, case_id: UUID, *, after: tuple[datetime, str, int] | None, limit: int) -> list[Entry]:
    """Up to `limit` entries behind (occurred_at, source, sequence), in that order."""
    place = after or (None, None, None)
    return [Entry(**row) for row in await tx.fetch(_PAGE, case_id, *place, limit)]


_ADD = """
INSERT INTO timeline (case_id, source, sequence, type, occurred_at, recorded_at, actor, change)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::timestamptz[],
                     $7::jsonb[], $8::jsonb[])
    ON CONFLICT DO NOTHING
"""

_PAGE = """
SELECT case_id, source, sequence, type, occurred_at, recorded_at, actor, change
  FROM timeline
 WHERE case_id = $1
   AND ($2::timestamptz IS NULL OR (occurred_at, source, sequence) > ($2, $3::text, $4::bigint))
 ORDER BY occurred_at, source, sequence
 LIMIT $5
"""
