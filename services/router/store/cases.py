"""Cases: stubs, locks, writes, and what waits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.router.casefile import CaseFile, Phase, decode_need, encode_need
from services.router.need import Waiting
from services.router.rules import Rules
from services.router.store.assignments import live_of
from services.router.store.codec import case_from, clocks_to, history_to, uuid_of
from shared.contracts.events import CaseSummary
from shared.contracts.vocabulary import RoutingOutcome
from shared.db import Row, Tx


@dataclass(frozen=True, slots=True)
class Queued:
    """A case in the queue, the revision that a decision about it holds for, and what was decided last."""

    waiting: Waiting
    revision: int
    fresh: bool
    outcome: RoutingOutcome | None
    reason: str | None


async def add_stubs(tx: Tx, cases: Mapping[UUID, tuple[int, CaseSummary]]) -> None:
    """Make a row for each case (id -> partition, summary) that has none; an older summary gives way at once."""
    ids = sorted(cases)
    summaries = [cases[case_id][1] for case_id in ids]
    await tx.execute(
        _ADD,
        ids,
        [cases[case_id][0] for case_id in ids],
        [summary.model_dump_json().encode() for summary in summaries],
        [summary.subject.type.value if summary.subject else None for summary in summaries],
        [summary.subject.id if summary.subject else None for summary in summaries],
    )


async def lock(tx: Tx, case_ids: Iterable[UUID]) -> dict[UUID, CaseFile]:
    """Lock these cases in the order of their ids, and read them with their live assignments."""
    return await _locked(tx, _LOCK, case_ids)


async def lock_free(tx: Tx, case_ids: Iterable[UUID]) -> dict[UUID, CaseFile]:
    """Lock those of these cases that nobody else holds."""
    return await _locked(tx, _LOCK_FREE, case_ids)


async def save(tx: Tx, cases: Sequence[CaseFile], rules: Rules) -> None:
    """Write cases that are locked in `tx`; their revision rises."""
    if not cases:
        return
    await tx.execute(
        _SAVE,
        [case.case_id for case in cases],
        [case.seq for case in cases],
        [case.summary.model_dump_json().encode() for case in cases],
        [case.phase.value for case in cases],
        [encode_need(case.need()) for case in cases],
        [history_to(case.history) for case in cases],
        [clocks_to(case.clocks) for case in cases],
        [case.due_at(rules) for case in cases],
        [case.waiting_since for case in cases],
        [case.outcome for case in cases],
        [case.waiting_reason for case in cases],
        [case.fresh for case in cases],
        [case.trace for case in cases],
    )


async def looked_at(tx: Tx, queued: Sequence[Queued]) -> None:
    """These were decided on and still wait for the same reason, unless they changed since or just do.

    It comes after locks on specialists, so it waits for none on cases: what is locked is looked at again.
    """
    if queued:
        await tx.execute(_LOOKED_AT, [one.waiting.case_id for one in queued], [one.revision for one in queued])


async def waiting(connection: Tx, *, fresh_only: bool) -> list[Queued]:
    """Everything that waits, or only what was not looked at yet."""
    return [_queued(row) for row in await connection.fetch(_WAITING_FRESH if fresh_only else _WAITING)]


async def is_known(connection: Tx, case_id: UUID) -> bool:
    """Whether tocsin.cases has told of this case."""
    return bool(await connection.fetchval("SELECT phase <> 'stub' FROM cases WHERE case_id = $1", case_id))


async def familiar(tx: Tx, case_ids: Iterable[UUID]) -> dict[UUID, frozenset[str]]:
    """Who took on another case about the same subject, by case."""
    return {uuid_of(row["case_id"]): frozenset(row["known"]) for row in await tx.fetch(_FAMILIAR, sorted(case_ids))}


async def familiar_with(connection: Tx, subject_type: str, subject_id: str) -> frozenset[str]:
    """Who took on a case about this subject."""
    return frozenset(row["specialist"] for row in await connection.fetch(_FAMILIAR_WITH, subject_type, subject_id))


async def queue(
    connection: Tx,
    *,
    policy_area: str | None,
    language: str | None,
    region: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """What waits or is unroutable, longest first; `after` is the place of the last one seen."""
    since, last = after or (None, None)
    rows = await connection.fetch(_QUEUE, policy_area, language, region, since, last, limit)
    return [dict(row) for row in rows]


async def waiting_by_reason(connection: Tx) -> dict[str, int]:
    """How many cases wait, by the reason of the last decision."""
    return {row["reason"]: row["cases"] for row in await connection.fetch(_BY_REASON)}


async def _locked(tx: Tx, query: str, case_ids: Iterable[UUID]) -> dict[UUID, CaseFile]:
    ids = sorted(set(case_ids))
    cases = [case_from(row) for row in await tx.fetch(query, ids)] if ids else []
    held = [case.case_id for case in cases if case.phase is Phase.HELD]
    live = await live_of(tx, held) if held else {}
    return {case.case_id: replace(case, live=live.get(case.case_id)) for case in cases}


def _queued(row: Row) -> Queued:
    return Queued(
        Waiting(uuid_of(row["case_id"]), decode_need(row["need"]), row["due_at"], row["waiting_since"]),
        row["revision"],
        row["fresh"],
        RoutingOutcome(row["outcome"]) if row["outcome"] else None,
        row["waiting_reason"],
    )


_ADD = """
INSERT INTO cases (case_id, partition, summary, subject_type, subject_id)
SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::jsonb[], $4::text[], $5::text[])
ON CONFLICT (case_id) DO NOTHING
"""

_LOCK = """
SELECT case_id, seq, revision, summary, phase, history, clocks, waiting_since, outcome, waiting_reason, fresh,
       trace
  FROM cases WHERE case_id = ANY ($1::uuid[]) ORDER BY case_id FOR UPDATE
"""

_LOCK_FREE = _LOCK + " SKIP LOCKED"

_SAVE = """
UPDATE cases c
   SET seq = n.seq, revision = c.revision + 1, summary = n.summary, phase = n.phase, need = n.need,
       history = n.history, clocks = n.clocks, due_at = n.due_at, waiting_since = n.waiting_since,
       outcome = n.outcome, waiting_reason = n.waiting_reason, fresh = n.fresh, trace = n.trace
  FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[], $4::text[], $5::text[], $6::jsonb[], $7::jsonb[],
              $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[], $12::boolean[], $13::text[])
       AS n (case_id, seq, summary, phase, need, history, clocks, due_at, waiting_since, outcome, waiting_reason,
             fresh, trace)
 WHERE c.case_id = n.case_id
"""

_LOOKED_AT = """
WITH still AS (
    SELECT c.case_id FROM cases c JOIN unnest($1::uuid[], $2::bigint[]) AS n (case_id, revision) USING (case_id)
     WHERE c.revision = n.revision AND c.phase = 'waiting'
     ORDER BY c.case_id FOR UPDATE OF c SKIP LOCKED
)
UPDATE cases c SET fresh = false FROM still WHERE c.case_id = still.case_id
"""

_WAITING = """
SELECT case_id, need, due_at, waiting_since, revision, fresh, outcome, waiting_reason
  FROM cases WHERE phase = 'waiting'
"""
_WAITING_FRESH = _WAITING + " AND fresh"

_FAMILIAR = """
SELECT wanted.case_id, array_agg(DISTINCT a.specialist) AS known
  FROM cases wanted
  JOIN cases other ON (other.subject_type, other.subject_id) = (wanted.subject_type, wanted.subject_id)
                  AND other.case_id <> wanted.case_id
  JOIN assignments a ON a.case_id = other.case_id AND a.accepted_at IS NOT NULL
 WHERE wanted.case_id = ANY ($1::uuid[]) AND wanted.subject_id IS NOT NULL
 GROUP BY wanted.case_id
"""

_FAMILIAR_WITH = """
SELECT DISTINCT a.specialist
  FROM cases c JOIN assignments a ON a.case_id = c.case_id AND a.accepted_at IS NOT NULL
 WHERE c.subject_type = $1 AND c.subject_id = $2
"""

_QUEUE = """
SELECT case_id, outcome, waiting_reason, waiting_since AS since, due_at,
       summary ->> 'severity' AS severity, summary ->> 'policy_area' AS policy_area,
       summary ->> 'language' AS language, summary ->> 'region' AS region
  FROM cases
 WHERE phase = 'waiting' AND outcome IS NOT NULL
   AND ($1::text IS NULL OR summary ->> 'policy_area' = $1)
   AND ($2::text IS NULL OR summary ->> 'language' = $2)
   AND ($3::text IS NULL OR summary ->> 'region' = $3)
   AND ($4::timestamptz IS NULL OR (waiting_since, case_id) > ($4, $5::uuid))
 ORDER BY waiting_since, case_id LIMIT $6
"""

_BY_REASON = """
SELECT waiting_reason AS reason, count(*) AS cases
  FROM cases WHERE phase = 'waiting' AND waiting_reason IS NOT NULL GROUP BY waiting_reason
"""
