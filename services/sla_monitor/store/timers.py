"""Timers: which cases have a clock whose next instant the evidence has passed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.sla_monitor.settlement import Evidence
from shared.contracts.vocabulary import PARTITIONS, Topic
from shared.db import Tx

PATIENCE = timedelta(seconds=30)
"""The longest that a due clock waits for evidence."""


@dataclass(frozen=True, slots=True)
class Due:
    """A case with something to fire, and how far its partition's evidence reaches."""

    case_id: UUID
    evidence: Evidence


async def due(connection: Tx, *, since: datetime, offset: timedelta, limit: int) -> list[Due]:
    """Up to `limit` cases, soonest first within a partition. Locks nothing.

    `since` is when this process began to sweep: what fell due before has `PATIENCE` from then on. Evidence of a
    partition is the lesser `caught_up_to` of its cases and assignments.
    """
    rows = await connection.fetch(
        _DUE, [Topic.CASES.value, Topic.ASSIGNMENTS.value], PARTITIONS, offset, since, PATIENCE, limit
    )
    return [Due(UUID(int=r["case_id"].int), Evidence(complete=r["complete"], limit=r["upto"])) for r in rows]


_DUE = """
WITH seen AS (
    SELECT partition, min(caught_up_to) + $3::interval AS complete
      FROM consumer_position WHERE topic = ANY ($1::text[])
     GROUP BY partition HAVING count(*) = cardinality($1::text[])
), evidence AS (
    SELECT p.partition::smallint AS partition,
           coalesce(seen.complete, '-infinity') AS complete,
           greatest(
               coalesce(seen.complete, '-infinity'),
               CASE WHEN statement_timestamp() + $3::interval - $5::interval >= $4::timestamptz
                    THEN statement_timestamp() + $3::interval - $5::interval ELSE '-infinity' END
           ) AS upto
      FROM generate_series(0, $2::int - 1) AS p (partition) LEFT JOIN seen USING (partition)
)
SELECT DISTINCT ON (c.case_id) c.case_id, e.complete, e.upto
  FROM evidence e
 CROSS JOIN LATERAL (
       SELECT k.case_id FROM clocks k
        WHERE k.partition = e.partition AND k.next_at IS NOT NULL AND k.next_at <= e.upto
        ORDER BY k.next_at LIMIT $6
 ) c
 ORDER BY c.case_id
 LIMIT $6
"""
