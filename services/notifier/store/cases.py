"""Cases and their pages: loaded whole under the key's lock, saved with the events of what changed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.notifier.case_pages import CasePages
from services.notifier.events import messages_of
from services.notifier.store.rows import ATTEMPT_COLUMNS, PAGE_COLUMNS, attempt_of, page_of, rows_of
from shared.bus import outbox
from shared.contracts.events import CaseSummary
from shared.db import Row, Tx


async def load(tx: Tx, keys: Mapping[UUID, UUID | None]) -> dict[UUID, CasePages]:
    """Lock the keys, in order, and load what they have; `keys` is key -> case id. New ones get their row."""
    wanted = sorted(keys)
    await tx.execute(_ADD_KEYS, wanted, [keys[key] for key in wanted])
    return await _load(tx, await tx.fetch(_LOCK_KEYS, wanted))


async def any_due(tx: Tx, offset: timedelta) -> bool:
    """Whether the next step of any page is due."""
    return bool(await tx.fetchval(_ANY_DUE, offset))


async def load_due(tx: Tx, now: datetime, limit: int) -> dict[UUID, CasePages]:
    """The keys with pages whose next step is due, as far as nobody else has them in hand."""
    return await _load(tx, await tx.fetch(_LOCK_DUE, now, limit))


async def load_changed_on_call(tx: Tx, on_call: Mapping[str, str | None], limit: int) -> dict[UUID, CasePages]:
    """The keys with unacknowledged pages that last saw somebody else on call than `on_call` says."""
    names, responders = list(on_call), list(on_call.values())
    return await _load(tx, await tx.fetch(_LOCK_CHANGED, names, responders, limit))


async def load_held(tx: Tx, shut: Collection[str], now: datetime, limit: int) -> dict[UUID, CasePages]:
    """The keys with a call that waits for one of these channels while its responder has another, not yet due."""
    return await _load(tx, await tx.fetch(_LOCK_HELD, list(shut), now, limit))


async def load_page(tx: Tx, page_id: UUID) -> CasePages | None:
    """The key of one page, with that page's attempts even when it is resolved; None when there is no such page."""
    return next(iter((await load_pages(tx, [page_id])).values()), None)


async def load_pages(tx: Tx, page_ids: Collection[UUID]) -> dict[UUID, CasePages]:
    """By page, the keys of these pages, locked in order."""
    found = await _load(tx, await tx.fetch(_LOCK_PAGES, list(page_ids)), page_ids)
    return {page_id: case for case in found.values() for page_id in case.pages if page_id in page_ids}


async def lock_platform(tx: Tx) -> None:
    """One instance at a time decides about the platform page, which has no row to lock before it is there."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext($1))", "notifier platform page")


async def load_platform(tx: Tx) -> list[CasePages]:
    """The keys of the open pages that belong to no case."""
    return list((await _load(tx, await tx.fetch(_LOCK_CASELESS))).values())


async def save(tx: Tx, cases: Iterable[CasePages], now: datetime) -> None:
    """Write what changed and enqueue the events of it."""
    cases = [case for case in cases if case.learned or case.said or case.changed_pages or case.changed_attempts]
    messages = [message for case in cases for message in messages_of(case, now)]
    if cases:
        await tx.execute(
            _SAVE_KEYS,
            [case.key for case in cases],
            [case.seq for case in cases],
            [case.summary.model_dump_json().encode() if case.summary else None for case in cases],
        )
    pages = [page for case in cases for page in case.changed_pages.values()]
    attempts = [attempt for case in cases for attempt in case.changed_attempts.values()]
    if pages:
        await tx.execute(_SAVE_PAGES, rows_of(pages))
    if attempts:
        await tx.execute(_SAVE_ATTEMPTS, rows_of(attempts))
    await outbox.enqueue(tx, messages)


async def _load(tx: Tx, rows: Sequence[Row], also: Collection[UUID] = ()) -> dict[UUID, CasePages]:
    """Pages of the locked keys, and the attempts of those that are open."""
    cases = {row["key"]: _case_of(row) for row in rows}
    if not cases:
        return {}
    pages = [page_of(row) for row in await tx.fetch(_PAGES, list(cases))]
    for page in pages:
        cases[page.key].pages[page.page_id] = page
    open_pages = {page.page_id: page.key for page in pages if page.open or page.page_id in also}
    if open_pages:
        for row in await tx.fetch(_ATTEMPTS, list(open_pages)):
            attempt = attempt_of(row)
            cases[open_pages[attempt.page_id]].attempts[attempt.attempt_id] = attempt
    return cases


def _case_of(row: Row) -> CasePages:
    summary = row["summary"]
    return CasePages(
        key=row["key"],
        case_id=row["case_id"],
        seq=row["seq"],
        summary=None if summary is None else CaseSummary.model_validate(summary),
    )


_ADD_KEYS = """
INSERT INTO cases (key, case_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])
ON CONFLICT (key) DO NOTHING
"""

_LOCK_KEYS = "SELECT key, case_id, seq, summary FROM cases WHERE key = ANY($1::uuid[]) ORDER BY key FOR UPDATE"

_LOCK_DUE = """
SELECT key, case_id, seq, summary FROM cases
 WHERE key IN (SELECT key FROM page WHERE step_due_at <= $1 ORDER BY step_due_at LIMIT $2)
 ORDER BY key FOR UPDATE SKIP LOCKED
"""

_ANY_DUE = "SELECT EXISTS (SELECT FROM page WHERE step_due_at <= statement_timestamp() + $1::interval)"

_LOCK_CHANGED = """
SELECT key, case_id, seq, summary FROM cases
 WHERE key IN (
    SELECT page.key
      FROM page, jsonb_each_text(page.watching) AS seen (schedule, responder)
      JOIN unnest($1::text[], $2::text[]) AS now (schedule, responder) USING (schedule)
     WHERE page.state IN ('triggered', 'exhausted') AND seen.responder IS DISTINCT FROM now.responder
     LIMIT $3)
 ORDER BY key FOR UPDATE SKIP LOCKED
"""

_LOCK_HELD = """
SELECT key, case_id, seq, summary FROM cases
 WHERE key IN (
    SELECT page.key
      FROM attempt AS held
      JOIN page USING (page_id)
      JOIN attempt AS later
        ON (later.page_id, later.responder, later.step, later.round)
         = (held.page_id, held.responder, held.step, held.round)
     WHERE held.channel = ANY($1::text[]) AND (held.next_at <= $2 OR held.next_at IS NOT NULL AND held.tries > 0)
       AND held.type IN ('page.triggered', 'page.escalated') AND later.type IN ('page.triggered', 'page.escalated')
       AND later.channel <> ALL($1::text[]) AND later.next_at > $2 AND later.tries = 0
       AND page.state IN ('triggered', 'exhausted')
     LIMIT $3)
 ORDER BY key FOR UPDATE SKIP LOCKED
"""

_LOCK_PAGES = """
SELECT key, case_id, seq, summary FROM cases
 WHERE key IN (SELECT key FROM page WHERE page_id = ANY($1::uuid[])) ORDER BY key FOR UPDATE
"""

_LOCK_CASELESS = """
SELECT key, case_id, seq, summary FROM cases
 WHERE key IN (SELECT key FROM page WHERE case_id IS NULL AND state <> 'resolved') ORDER BY key FOR UPDATE
"""

_PAGES = f"SELECT {PAGE_COLUMNS} FROM page WHERE key = ANY($1::uuid[]) ORDER BY page_id"  # noqa: S608 - constants

_ATTEMPTS = f"SELECT {ATTEMPT_COLUMNS} FROM attempt WHERE page_id = ANY($1::uuid[]) ORDER BY attempt_id FOR UPDATE"  # noqa: S608

_SAVE_KEYS = """
UPDATE cases SET seq = new.seq, summary = new.summary
  FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[]) AS new (key, seq, summary)
 WHERE cases.key = new.key
"""

_SAVE_PAGES = f"""
INSERT INTO page ({PAGE_COLUMNS}) SELECT {PAGE_COLUMNS} FROM jsonb_populate_recordset(NULL::page, $1::jsonb)
ON CONFLICT (page_id) DO UPDATE SET
    reasons = excluded.reasons, state = excluded.state, step = excluded.step, round = excluded.round,
    step_due_at = excluded.step_due_at, responders = excluded.responders, steps = excluded.steps,
    watching = excluded.watching, acknowledged_at = excluded.acknowledged_at,
    acknowledged_by = excluded.acknowledged_by, closed_by = excluded.closed_by, closed_at = excluded.closed_at
"""  # noqa: S608 - constants

_SAVE_ATTEMPTS = f"""
INSERT INTO attempt ({ATTEMPT_COLUMNS})
SELECT {ATTEMPT_COLUMNS} FROM jsonb_populate_recordset(NULL::attempt, $1::jsonb)
ON CONFLICT (attempt_id) DO UPDATE SET
    due_at = excluded.due_at, next_at = excluded.next_at, state = excluded.state, tries = excluded.tries,
    at = excluded.at, provider_ref = excluded.provider_ref, error = excluded.error
"""  # noqa: S608 - constants
