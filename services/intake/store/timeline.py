"""The timeline: every event of a case, from all four services."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shared.db import Tx


@dataclass(frozen=True, slots=True)
class Entry:
    """One event; `actor` and `change` are plain JSON values (on their way in also `orjson.Fragment`)."""

    case_id: UUID
    source: str
    sequence: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: Any
    change: Any


async def add(tx: Tx, entries: Sequence[Entry]) -> None:
    """Keep them; one that is there already stays as it is. Of a case that is gone nothing is kept any more."""
    if entries:
        await tx.execute(_ADD, orjson.dumps(entries, default=str).decode())


async def page(tx: Tx, case_id: UUID, *, after: tuple[datetime, str, int] | None, limit: int) -> list[Entry]:
    """Up to `limit` entries behind (occurred_at, source, sequence), in that order."""
    place = after or (None, None, None)
    return [Entry(**row) for row in await tx.fetch(_PAGE, case_id, *place, limit)]


_ADD = """
INSERT INTO timeline (case_id, source, sequence, type, occurred_at, recorded_at, actor, change)
SELECT case_id, source, sequence, type, occurred_at, recorded_at, actor, change
  FROM json_populate_recordset(NULL::timeline, $1::json) AS told
 WHERE EXISTS (SELECT FROM cases WHERE cases.case_id = told.case_id)
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
