"""Data protection: cases that were kept long enough, reports of a reporter, and what is erased of a case.

A case is locked before anything of it is touched.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.intake.case import Case
from services.intake.store.rows import case_from
from shared.db import Tx
from shared.protection import scrubbing
from shared.protection.scrubbing import ERASED
from shared.protection.store import Counts

Place = tuple[str, str]
"""Where a walk over the reports goes on: source and external id."""


@dataclass(frozen=True)
class Erasure:
    """When the texts of a case were erased. `over`: it has not been resolved again since."""

    at: datetime
    over: bool

    def covers(self, occurred_at: datetime) -> bool:
        """Whether the words of an event of that instant belong to what was erased, however late it comes."""
        return self.over or occurred_at <= self.at


async def erasures(tx: Tx, case_ids: Collection[UUID]) -> dict[UUID, Erasure]:
    """Of these cases, those that were erased."""
    rows = await tx.fetch(_ERASURES, list(case_ids)) if case_ids else []
    return {row["case_id"]: Erasure(row["erased_at"], row["over"]) for row in rows}


async def remove(tx: Tx, cutoff: datetime, below: UUID, limit: int) -> Sequence[UUID]:
    """Remove up to `limit` cases that were resolved before `cutoff` and are not held, with an id below; which."""
    ids = [row["case_id"] for row in await tx.fetch(_DUE, cutoff, below, limit)]
    for table in ("timeline", "notes", "reports", "open_subject", "cases"):
        await tx.execute(f"DELETE FROM {table} WHERE case_id = ANY ($1)", ids)  # noqa: S608 - names of tables
    return ids


async def lock_with_text(tx: Tx, cutoff: datetime, now: datetime, limit: int) -> list[Case]:
    """Lock up to `limit` cases that were resolved before `cutoff`, are not held `now`, and still have their texts."""
    return [case_from(row) for row in await tx.fetch(_WITH_TEXT, cutoff, now, limit)]


async def count_reports(tx: Tx) -> int:
    """About how many reports there are."""
    return int(await tx.fetchval("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'reports'::regclass"))


async def cases_of_reporter(tx: Tx, reporter: str, *, after: Place, limit: int) -> tuple[set[UUID], int, Place | None]:
    """Among the next `limit` reports, the cases of those that name this reporter; how many there were, and where
    to go on (None: that was the last)."""
    rows = await tx.fetch(_OF_REPORTER, *after, limit, reporter)
    found = {row["case_id"] for row in rows if row["named"]}
    last = rows[-1] if len(rows) == limit else None
    return found, len(rows), None if last is None else (last["source"], last["external_id"])


async def erase(tx: Tx, case: Case, at: datetime) -> Counts:
    """Take texts and personal data out of a locked case, its reports, notes and timeline."""
    return {
        "cases": await _erase_case(tx, case, at),
        "reports": await _rewrite(tx, _REPORTS, _SET_REPORT, scrubbing.report, case.case_id),
        "notes": _count(await tx.execute(_ERASE_NOTES, case.case_id, ERASED)),
        "timeline": await _rewrite(tx, _TIMELINE, _SET_CHANGE, scrubbing.change, case.case_id),
    }


async def _erase_case(tx: Tx, case: Case, at: datetime) -> int:
    """Its own row; the rest of it is written with the event that tells of it."""
    await tx.execute(_ERASE_CASE, case.case_id, at)
    had = case.summary != ERASED or case.labels or case.stakeholders
    return int(bool(had))


async def _rewrite(tx: Tx, read: str, write: str, scrub: Callable[[Any], Any], case_id: UUID) -> int:
    rows = await tx.fetch(read, case_id)
    values = [(row["source"], row["part"], orjson.loads(row["value"])) for row in rows]
    changed = [(case_id, source, part, scrub(value), value) for source, part, value in values]
    written = [(*place, orjson.dumps(after).decode()) for *place, after, before in changed if after != before]
    if written:
        await tx.executemany(write, written)
    return len(written)


def _count(tag: str) -> int:
    return int(tag.rpartition(" ")[2])


_ERASURES = """
SELECT case_id, erased_at, coalesce(erased_at >= resolved_at, false) AS over
  FROM cases WHERE case_id = ANY ($1) AND erased_at IS NOT NULL
"""

_DUE = """
SELECT case_id FROM cases
 WHERE case_id < $2 AND status = 'resolved' AND resolved_at < $1
   AND coalesce(preserve_until, '-infinity') < statement_timestamp()
 ORDER BY case_id LIMIT $3 FOR UPDATE SKIP LOCKED
"""

_WITH_TEXT = """
SELECT * FROM cases
 WHERE resolved_at < $1 AND (erased_at IS NULL OR erased_at < resolved_at)
   AND coalesce(preserve_until, '-infinity') <= $2
 ORDER BY resolved_at LIMIT $3 FOR UPDATE SKIP LOCKED
"""

_OF_REPORTER = """
SELECT source, external_id, case_id, coalesce(body #>> '{reporter,id}' = $4, false) AS named
  FROM reports WHERE (source, external_id) > ($1, $2)
 ORDER BY source, external_id LIMIT $3
"""

_ERASE_CASE = """
UPDATE cases SET summary = '[erased]', erased_at = $2 WHERE case_id = $1
"""

_REPORTS = "SELECT source, external_id AS part, body::text AS value FROM reports WHERE case_id = $1 FOR UPDATE"
_SET_REPORT = "UPDATE reports SET body = $4::text::json WHERE case_id = $1 AND source = $2 AND external_id = $3"

_ERASE_NOTES = "UPDATE notes SET text = $2 WHERE case_id = $1 AND text <> $2"

_TIMELINE = "SELECT source, sequence AS part, change::text AS value FROM timeline WHERE case_id = $1 FOR UPDATE"
_SET_CHANGE = "UPDATE timeline SET change = $4::text::jsonb WHERE case_id = $1 AND source = $2 AND sequence = $3"
