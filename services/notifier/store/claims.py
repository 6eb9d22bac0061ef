"""Attempts as workers take them: what is due, claimed; what came of it, noted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifier.delivery import Attempt, Outcome
from services.notifier.pages import Page
from services.notifier.store.rows import attempt_of, page_of, rows_of
from shared.contracts.events import CaseSummary
from shared.db import Tx


@dataclass(frozen=True)
class Due:
    """An attempt that is due, with its page and case as they are now."""

    attempt: Attempt
    page: Page
    case: CaseSummary | None


async def any_due(tx: Tx, offset: timedelta) -> bool:
    """Whether any attempt is due, on whatever channel."""
    return bool(await tx.fetchval(_ANY_DUE, offset))


async def lock_due(tx: Tx, free: Mapping[str, int], now: datetime) -> list[Due]:
    """Up to so many due attempts per channel, urgent ones first, that nobody else has in hand."""
    attempts = [attempt_of(row) for row in await tx.fetch(_DUE, list(free), list(free.values()), now)]
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
SELECT due.*
  FROM unnest($1::text[], $2::int[]) AS free (channel, slots)
 CROSS JOIN LATERAL (
    SELECT * FROM attempt
     WHERE attempt.channel = free.channel AND next_at <= $3
     ORDER BY urgency, next_at LIMIT free.slots
       FOR UPDATE SKIP LOCKED) AS due
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
