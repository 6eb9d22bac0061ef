"""SQL on the tables that every service has: what is still there of a case, and what has been kept long enough."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shared.db import Tx
from shared.protection import scrubbing

Counts = dict[str, int]
"""By table, how many rows lost something."""


async def scrub_case(tx: Tx, case_id: UUID) -> Counts:
    """Take texts and personal data of a case out of what waits, was set aside, or would be answered again.

    The case is locked in `tx`, so that whoever wrote about it before has committed and whoever comes later finds
    it erased. Stored answers stay, scrubbed: a request that is repeated is still answered, not done again.
    """
    key = str(case_id)
    return {
        "outbox": await _rewrite(tx, _OUTBOX, _SET_OUTBOX, scrubbing.raw, key),
        "dead_letter": await _rewrite(tx, _LETTERS, _SET_LETTER, scrubbing.raw, key),
        "parked_event": await _rewrite(tx, _PARKED, _SET_PARKED, scrubbing.raw, key),
        "idempotency_key": await _rewrite(tx, _CASE_ANSWERS, _SET_ANSWER, _answer, key)
        + await _rewrite(tx, _PAGE_ANSWERS, _SET_ANSWER, _answer, key),
    }


async def forget_cases(tx: Tx, case_ids: Sequence[UUID]) -> None:
    """Cases that are gone: what was consumed of them last is of no use any more."""
    await tx.execute("DELETE FROM consumed WHERE key = ANY ($1::text[])", [str(case_id) for case_id in case_ids])


async def remove_letters(tx: Tx, cutoff: datetime, limit: int) -> int:
    """Delete dead letters that were replayed or discarded before `cutoff`; how many."""
    return int((await tx.execute(_REMOVE_LETTERS, cutoff, limit)).rpartition(" ")[2])


def _answer(body: bytes) -> bytes:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return b""
    return orjson.dumps(scrubbing.document(value)) if isinstance(value, dict) else b""


async def _rewrite(tx: Tx, read: str, write: str, scrub: Callable[[Any], Any], key: str) -> int:
    """Put the scrubbed value in place of each that differs from it; how many did."""
    changed = [(row["id"], scrub(row["value"]), row["value"]) for row in await tx.fetch(read, key) if row["value"]]
    changed = [(where, after, before) for where, after, before in changed if not _same(after, before)]
    if changed:
        await tx.executemany(write, [(where, after) for where, after, _ in changed])
    return len(changed)


def _same(after: bytes, before: bytes) -> bool:
    """Equal as JSON: white space and order of keys hide nothing."""
    try:
        return bool(orjson.loads(after) == orjson.loads(before))
    except orjson.JSONDecodeError:
        return after == before


_OUTBOX = "SELECT id::text AS id, payload AS value FROM outbox WHERE key = $1 FOR UPDATE"
_SET_OUTBOX = "UPDATE outbox SET payload = $2 WHERE id = $1::text::bigint"

_LETTERS = "SELECT id::text AS id, value FROM dead_letter WHERE event_key = $1 FOR UPDATE"
_SET_LETTER = "UPDATE dead_letter SET value = $2, error = '[erased]' WHERE id = $1::text::uuid"

_PARKED = "SELECT ctid::text AS id, value FROM parked_event WHERE event_key = $1 FOR UPDATE"
_SET_PARKED = "UPDATE parked_event SET value = $2 WHERE ctid = $1::text::tid"

_CASE_ANSWERS = """
SELECT ctid::text AS id, body AS value FROM idempotency_key
 WHERE path LIKE '/v1/cases/%' AND split_part(path, '/', 4) = $1 FOR UPDATE
"""
_PAGE_ANSWERS = """
SELECT ctid::text AS id, body AS value FROM idempotency_key
 WHERE path LIKE '/v1/pages%' AND position(convert_to($1, 'UTF8') IN body) > 0 FOR UPDATE
"""
_SET_ANSWER = "UPDATE idempotency_key SET body = $2 WHERE ctid = $1::text::tid"

_REMOVE_LETTERS = """
DELETE FROM dead_letter WHERE id IN (
    SELECT id FROM dead_letter
     WHERE settled_at < $1 AND state IN ('replayed', 'discarded') AND NOT draining
     ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED)
"""
