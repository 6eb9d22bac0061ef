"""SQL on the tables that every service has: what is still there of a case, and what has been kept long enough."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shared.bus.parking import record_of
from shared.bus.records import read
from shared.contracts.vocabulary import Topic
from shared.db import Row, Tx
from shared.protection import scrubbing

Counts = dict[str, int]
"""By table, how many rows lost something."""


async def lock_letters(tx: Tx, case_id: UUID) -> None:
    """Wait for whoever replays or discards dead letters of the case: before the case, for they lock it after them."""
    await tx.execute("SELECT FROM dead_letter WHERE event_key = $1 ORDER BY id FOR UPDATE", str(case_id))


async def scrub_case(tx: Tx, case_id: UUID) -> Counts:
    """Take texts and personal data of a case out of what waits, was set aside, or would be answered again.

    The case is locked in `tx`, so that whoever wrote about it before has committed and whoever comes later finds
    it erased. Stored answers stay, scrubbed: a request that is repeated is still answered, not done again.
    """
    key = str(case_id)
    return {
        "outbox": await _rewrite(tx, _OUTBOX, _SET_OUTBOX, _sent, key),
        "dead_letter": await _rewrite(tx, _LETTERS, _SET_LETTER, _set_aside, key),
        "parked_event": await _rewrite(tx, _PARKED, _SET_PARKED, _set_aside, key),
        "idempotency_key": await _rewrite(tx, _CASE_ANSWERS, _SET_ANSWER, _answer, key)
        + await _rewrite(tx, _PAGE_ANSWERS, _SET_ANSWER, _answer, key),
    }


async def scrub_aside(tx: Tx, case_id: UUID) -> None:
    """Take texts out of what was set aside of an erased case and said before that: what tells a summary of it."""
    key = str(case_id)
    letters = await _rewrite(tx, _LETTERS, _SET_LETTER, _said_before, key)
    await _rewrite(tx, _PARKED, _SET_PARKED, _said_before, key)
    if letters:
        await _rewrite(tx, _OUTBOX, _SET_OUTBOX, _announced, key)


async def scrub_assignment_answers(tx: Tx, case_id: UUID) -> None:
    """Take out of stored answers about the case's assignments why somebody declined."""
    await _rewrite(tx, _ASSIGNMENT_ANSWERS, _SET_ANSWER, _assignment_answer, str(case_id))


async def forget_cases(tx: Tx, case_ids: Sequence[UUID]) -> None:
    """Cases that are gone: what was consumed of them last is of no use any more."""
    await tx.execute("DELETE FROM consumed WHERE key = ANY ($1::text[])", [str(case_id) for case_id in case_ids])


async def remove_letters(tx: Tx, cutoff: datetime, limit: int) -> int:
    """Delete dead letters that were replayed or discarded before `cutoff`; how many."""
    return int((await tx.execute(_REMOVE_LETTERS, cutoff, limit)).rpartition(" ")[2])


def _sent(row: Row) -> bytes | None:
    return b"" if row["topic"] == Topic.DEAD_LETTERS else scrubbing.raw(row["value"])


def _set_aside(row: Row) -> bytes | None:
    """Of a record that is no event of ours nobody knows where in it persons are named: nothing is left."""
    return b"" if read(record_of(row)).fault is not None else scrubbing.raw(row["value"])


def _said_before(row: Row) -> bytes | None:
    received = read(record_of(row)).received
    case = received.value.get("case") if received is not None else None
    before = isinstance(case, Mapping) and case.get("summary") != scrubbing.ERASED
    return scrubbing.raw(row["value"]) if before else row["value"]


def _announced(row: Row) -> bytes | None:
    return b"" if row["topic"] == Topic.DEAD_LETTERS else row["value"]


def _answer(row: Row, scrub: Callable[[Any], Any] = scrubbing.document) -> bytes:
    try:
        value = orjson.loads(row["value"])
    except orjson.JSONDecodeError:
        return b""
    return orjson.dumps(scrub(value)) if isinstance(value, dict) else b""


def _assignment_answer(row: Row) -> bytes:
    return _answer(row, scrubbing.assignment)


async def _rewrite(tx: Tx, find: str, write: str, scrub: Callable[[Row], Any], key: str) -> int:
    """Put the scrubbed value in place of each that differs from it; how many did."""
    changed = [(row["id"], scrub(row), row["value"]) for row in await tx.fetch(find, key) if row["value"]]
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


_OUTBOX = "SELECT id::text AS id, topic, payload AS value FROM outbox WHERE key = $1 FOR UPDATE"
_SET_OUTBOX = "UPDATE outbox SET payload = $2 WHERE id = $1::text::bigint"

_LETTERS = """
SELECT id::text AS id, topic, partition, "offset", key, value, headers FROM dead_letter WHERE event_key = $1 FOR UPDATE
"""
_SET_LETTER = "UPDATE dead_letter SET value = $2, error = '[erased]' WHERE id = $1::text::uuid"

_PARKED = """
SELECT ctid::text AS id, topic, partition, "offset", convert_to(event_key, 'UTF8') AS key, value, headers
  FROM parked_event WHERE event_key = $1 FOR UPDATE
"""
_SET_PARKED = "UPDATE parked_event SET value = $2 WHERE ctid = $1::text::tid"

_CASE_ANSWERS = """
SELECT ctid::text AS id, body AS value FROM idempotency_key
 WHERE path LIKE '/v1/cases/%' AND split_part(path, '/', 4) = $1 FOR UPDATE
"""
_PAGE_ANSWERS = """
SELECT ctid::text AS id, body AS value FROM idempotency_key
 WHERE path LIKE '/v1/pages%' AND position(convert_to($1, 'UTF8') IN body) > 0 FOR UPDATE
"""
_ASSIGNMENT_ANSWERS = """
SELECT ctid::text AS id, body AS value FROM idempotency_key
 WHERE path LIKE '/v1/assignments/%' AND position(convert_to($1, 'UTF8') IN body) > 0 FOR UPDATE
"""
_SET_ANSWER = "UPDATE idempotency_key SET body = $2 WHERE ctid = $1::text::tid"

_REMOVE_LETTERS = """
DELETE FROM dead_letter WHERE id IN (
    SELECT id FROM dead_letter
     WHERE settled_at < $1 AND state IN ('replayed', 'discarded') AND NOT draining
     ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED)
"""
