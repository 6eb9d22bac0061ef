"""Attempts as workers take them: what is due, claimed; what came of it, noted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.notifier.delivery import Attempt, Outcome
from services.notifier.pages import Page
from services.notifier.store.rows import attempt_of, page_of, rows_of
from shared.contracts.events import CaseSummary
from shared.db import Row, Tx


@dataclass(frozen=True)
class Room:
    """How many attempts may leave on a channel, and how many of these may be of low urgency."""

    channel: str
    free: int
    free_for_low: int


@dataclass(frozen=True)
class Due:
    """An attempt that is due, with its page and case as they are now."""

    attempt: Attempt
    page: Page
    case: CaseSummary | None


async def any_due(tx: Tx, offset: timedelta) -> bool:
    """Whether any attempt is due, on whatever channel."""
    return bool(await tx.fetchval(_ANY_DUE, offset))


async def lock_due(tx: Tx, rooms: Sequence[Room], now: datetime) -> list[Due]:
    """Due attempts for which there is room and that nobody else has in hand, urgent ones first."""
    columns = [room.channel for room in rooms], [room.free for room in rooms], [room.free_for_low for room in rooms]
    return await _with_pages(tx, await tx.fetch(_DUE, *columns, now))


async def look(tx: Tx, attempt_id: UUID) -> Due | None:
    """One attempt as it stands at this moment."""
    found = await _with_pages(tx, await tx.fetch("SELECT * FROM attempt WHERE attempt_id = $1", attempt_id))
    return found[0] if found else None


async def _with_pages(tx: Tx, rows: Sequence[Row]) -> list[Due]:
    attempts = [attempt_of(row) for row in rows]
    if not attempts:
        return []
    rows = await tx.fetch(_PAGES, list({attempt.page_id for attempt in attempts}))
    pages = {row["page_id"]: page_of({k: v for k, v in row.items() if k != "case_summary"}) for row in rows}
    cases = {row["page_id"]: row["case_summary"] for row in rows}
    return [
        Due(
            attempt,
            pages[attempt.page_id],
            CaseSummary.model_validate(cases[attempt.page_id]) if cases[attempt.page_id] else None,
        )
        for attempt in attempts
    ]


async def note(tx: Tx, attempts: Sequence[Attempt]) -> None:
    """Write how attempts stand now."""
    if attempts:
        await tx.execute(_NOTE, rows_of(attempts))


async def channels_due(tx: Tx, now: datetime, known: Iterable[str]) -> list[str]:
    """Channels with due attempts that are not among `known`: the configuration has lost them."""
    return [row["channel"] for row in await tx.fetch(_UNKNOWN_CHANNELS, now, list(known))]


async def add_receipts(tx: Tx, ended: Sequence[tuple[Attempt, Outcome]], now: datetime) -> None:
    """Keep how tries ended; each attempt as it was claimed."""
    await tx.execute(
        _ADD_RECEIPTS,
        [attempt.attempt_id for attempt, _ in ended],
        [attempt.tries for attempt, _ in ended],
        [outcome.result.value for _, outcome in ended],
        [outcome.status for _, outcome in ended],
        [outcome.error for _, outcome in ended],
        now,
    )


_ANY_DUE = "SELECT EXISTS (SELECT FROM attempt WHERE next_at <= statement_timestamp() + $1::interval)"

_DUE = """
WITH room AS (SELECT * FROM unnest($1::text[], $2::int[], $3::int[]) AS room (channel, free, free_for_low)),
urgent AS (
    SELECT due.* FROM room CROSS JOIN LATERAL (
        SELECT * FROM attempt
         WHERE attempt.channel = room.channel AND urgency = 'high' AND next_at <= $4
         ORDER BY next_at LIMIT room.free FOR UPDATE SKIP LOCKED) AS due),
low AS (
    SELECT due.* FROM room CROSS JOIN LATERAL (
        SELECT * FROM attempt
         WHERE attempt.channel = room.channel AND urgency = 'low' AND next_at <= $4
         ORDER BY next_at
         LIMIT greatest(0, room.free_for_low - (SELECT count(*) FROM urgent WHERE urgent.channel = room.channel))
           FOR UPDATE SKIP LOCKED) AS due)
SELECT * FROM urgent UNION ALL SELECT * FROM low
"""

_PAGES = """
SELECT page.*, cases.summary AS case_summary
  FROM page JOIN cases USING (key) WHERE page_id = ANY($1::uuid[])
"""

_NOTE = """
UPDATE attempt SET state = new.state, tries = new.tries, next_at = new.next_at, at = new.at, error = new.error
  FROM jsonb_populate_recordset(NULL::attempt, $1::jsonb) AS new
 WHERE attempt.attempt_id = new.attempt_id
"""

_UNKNOWN_CHANNELS = "SELECT DISTINCT channel FROM attempt WHERE next_at <= $1 AND channel <> ALL($2::text[])"

_ADD_RECEIPTS = """
INSERT INTO receipt (attempt_id, try, at, result, status, error)
SELECT attempt_id, try, $6, result, status, error
  FROM unnest($1::uuid[], $2::int[], $3::text[], $4::int[], $5::text[]) AS n (attempt_id, try, result, status, error)
ON CONFLICT DO NOTHING
"""
