"""Data protection: cases, and pages without one, that were kept long enough; the texts of one case."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.db import Tx
from shared.protection.store import Counts, scrub_case

AT_ONCE = 20


async def remove(tx: Tx, cutoff: datetime, below: UUID, limit: int) -> Sequence[UUID]:
    """Remove up to `limit` cases that were resolved before `cutoff` and are not held, with an id below; which.

    A page about a case that was left exhausted or acknowledged keeps it as long as its own time lasts.
    """
    ids = [row["key"] for row in await tx.fetch(_DUE, cutoff, below, limit)]
    await tx.execute(_REMOVE_RECEIPTS, ids)
    await tx.execute("DELETE FROM attempt USING page WHERE attempt.page_id = page.page_id AND page.key = ANY ($1)", ids)
    await tx.execute("DELETE FROM page WHERE key = ANY ($1)", ids)
    await tx.execute("DELETE FROM cases WHERE key = ANY ($1)", ids)
    return ids


async def hold(tx: Tx, case_id: UUID) -> datetime | None:
    """Lock the case; until when it is held, if it is."""
    until: datetime | None = await tx.fetchval(_HOLD, case_id)
    return until


async def erase(tx: Tx, case_id: UUID) -> Counts:
    """Take the words about the case out of its row; by table, how many rows lost something."""
    return {
        "cases": int((await tx.execute(_ERASE, case_id)).rpartition(" ")[2]),
        "page": int((await tx.execute(_ERASE_PAGES, case_id)).rpartition(" ")[2]),
    }


async def erase_due(tx: Tx, cutoff: datetime) -> int:
    """Erase some cases about which people wrote pages: resolved before `cutoff`, not held; how many."""
    due = [row["case_id"] for row in await tx.fetch(_DUE_TEXTS, cutoff, AT_ONCE)]
    for case_id in due:
        await erase(tx, case_id)
        await scrub_case(tx, case_id)
    return len(due)


async def is_known(tx: Tx, case_id: UUID) -> bool:
    """Whether there is such a case here."""
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM cases WHERE case_id = $1)", case_id))


_DUE = """
SELECT key FROM cases
 WHERE key < $2 AND (case_id IS NULL OR summary ->> 'status' = 'resolved')
   AND CASE WHEN case_id IS NULL THEN true
            ELSE coalesce((summary ->> 'resolved_at')::timestamptz,
                          (SELECT max(seen_at) FROM consumed WHERE key = cases.case_id::text),
                          statement_timestamp()) < $1 END
   AND coalesce((summary ->> 'preserve_until')::timestamptz, '-infinity') < statement_timestamp()
   AND NOT EXISTS (SELECT FROM page
                    WHERE page.key = cases.key
                      AND CASE WHEN page.state = 'resolved' THEN page.closed_at >= $1
                               WHEN cases.case_id IS NULL OR page.state = 'triggered' THEN true
                               ELSE page.created_at >= $1 END)
 ORDER BY key LIMIT $3 FOR UPDATE SKIP LOCKED
"""

_DUE_TEXTS = """
SELECT case_id FROM cases
 WHERE summary ->> 'status' = 'resolved' AND (summary ->> 'resolved_at')::timestamptz < $1
   AND coalesce((summary ->> 'preserve_until')::timestamptz, '-infinity') < statement_timestamp()
   AND EXISTS (SELECT FROM page WHERE page.case_id = cases.case_id AND page.summary <> '[erased]')
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

_ERASE_PAGES = "UPDATE page SET summary = '[erased]' WHERE case_id = $1 AND summary <> '[erased]'"

_REMOVE_RECEIPTS = """
DELETE FROM receipt USING attempt, page
 WHERE receipt.attempt_id = attempt.attempt_id AND attempt.page_id = page.page_id AND page.key = ANY ($1)
"""
