"""Data protection: cases that were kept long enough; the texts of one case."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.db import Tx
from shared.protection.store import Counts, scrub_assignment_answers, scrub_case

AT_ONCE = 20


async def remove(tx: Tx, cutoff: datetime, below: UUID, limit: int) -> Sequence[UUID]:
    """Remove up to `limit` cases that were resolved before `cutoff` and are not held, with an id below; which."""
    ids = [row["case_id"] for row in await tx.fetch(_DUE, cutoff, below, limit)]
    await tx.execute("DELETE FROM decisions WHERE case_id = ANY ($1)", ids)
    await tx.execute("DELETE FROM assignments WHERE case_id = ANY ($1)", ids)
    await tx.execute("DELETE FROM cases WHERE case_id = ANY ($1)", ids)
    return ids


async def hold(tx: Tx, case_id: UUID) -> datetime | None:
    """Lock the case; until when it is held, if it is."""
    until: datetime | None = await tx.fetchval(_HOLD, case_id)
    return until


async def erase(tx: Tx, case_id: UUID) -> Counts:
    """Take the words about the case out of its row, and why offers were declined; by table, how many lost something."""
    await scrub_assignment_answers(tx, case_id)
    return {
        "cases": int((await tx.execute(_ERASE, case_id)).rpartition(" ")[2]),
        "assignments": int((await tx.execute(_ERASE_DECLINED, case_id)).rpartition(" ")[2]),
    }


async def erase_due(tx: Tx, cutoff: datetime) -> int:
    """Erase some cases of which people declined in their own words: resolved before `cutoff`, not held; how many."""
    due = [row["case_id"] for row in await tx.fetch(_DUE_TEXTS, cutoff, AT_ONCE)]
    for case_id in due:
        await erase(tx, case_id)
        await scrub_case(tx, case_id)
    return len(due)


async def is_known(tx: Tx, case_id: UUID) -> bool:
    """Whether there is such a case here."""
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM cases WHERE case_id = $1)", case_id))


_DUE = """
SELECT case_id FROM cases
 WHERE case_id < $2 AND summary ->> 'status' = 'resolved'
   AND coalesce((summary ->> 'resolved_at')::timestamptz,
                (SELECT max(seen_at) FROM consumed WHERE key = cases.case_id::text), statement_timestamp()) < $1
   AND coalesce((summary ->> 'preserve_until')::timestamptz, '-infinity') < statement_timestamp()
 ORDER BY case_id LIMIT $3 FOR UPDATE SKIP LOCKED
"""

_DUE_TEXTS = """
SELECT case_id FROM cases
 WHERE summary ->> 'status' = 'resolved' AND (summary ->> 'resolved_at')::timestamptz < $1
   AND coalesce((summary ->> 'preserve_until')::timestamptz, '-infinity') < statement_timestamp()
   AND EXISTS (SELECT FROM assignments a
                WHERE a.case_id = cases.case_id AND a.state = 'declined' AND a.reason <> '[erased]')
 ORDER BY case_id LIMIT $2 FOR UPDATE SKIP LOCKED
"""

_HOLD = """
SELECT CASE WHEN until > statement_timestamp() THEN until END
  FROM (SELECT (summary ->> 'preserve_until')::timestamptz AS until FROM cases WHERE case_id = $1 FOR UPDATE) c
"""

_ERASE = """
UPDATE cases SET summary = jsonb_set(summary, '{summary}', '"[erased]"')
 WHERE case_id = $1 AND summary ->> 'summary' <> '[erased]'
"""

_ERASE_DECLINED = """
UPDATE assignments SET reason = '[erased]' WHERE case_id = $1 AND state = 'declined' AND reason <> '[erased]'
"""
