"""Cases: their facts and summaries, under the lock that everything about a case is changed under."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.sla_monitor.casework import CaseFile
from services.sla_monitor.store.codec import facts_from
from shared.contracts.events import CaseSummary
from shared.db import Row, Tx


async def add_stubs(tx: Tx, cases: Mapping[UUID, tuple[int, CaseSummary]]) -> None:
    """Make a row for each case (id -> partition, summary) that has none. Locks nothing that is there."""
    ids = sorted(cases)
    await tx.execute(
        _ADD,
        ids,
        [cases[case_id][0] for case_id in ids],
        [cases[case_id][1].model_dump_json().encode() for case_id in ids],
    )


async def lock(tx: Tx, case_ids: Sequence[UUID]) -> list[CaseFile]:
    """Lock these cases, by id, waiting for who holds them; without their clocks."""
    return [_case(row) for row in await tx.fetch(_LOCK, list(case_ids))]


async def lock_free(tx: Tx, case_ids: Sequence[UUID]) -> list[CaseFile]:
    """Lock those of these cases that nobody else holds; without their clocks."""
    return [_case(row) for row in await tx.fetch(_LOCK_FREE, list(case_ids))]


async def save(tx: Tx, cases: Sequence[CaseFile]) -> None:
    """Write cases that are locked in `tx`."""
    await tx.execute(
        _SAVE,
        [case.case_id for case in cases],
        [case.seq for case in cases],
        [case.summary.model_dump_json().encode() for case in cases],
        [case.facts for case in cases],
        [case.pinned for case in cases],
        [case.waiting for case in cases],
    )


async def is_known(connection: Tx, case_id: UUID) -> bool:
    """Whether intake has been heard of this case."""
    return bool(await connection.fetchval("SELECT pinned IS NOT NULL FROM cases WHERE case_id = $1", case_id))


async def waiting(connection: Tx, *, after: UUID | None, limit: int) -> list[UUID]:
    """Cases with a clock that could not be started yet, by id from the first one `after`."""
    rows = await connection.fetch(_WAITING, after, limit)
    return [UUID(int=row["case_id"].int) for row in rows]


async def with_open_clocks(connection: Tx, *, after: UUID | None, limit: int) -> list[CaseFile]:
    """Cases with a clock that runs or is paused, by id from the first one `after`; without their clocks, unlocked."""
    return [_case(row) for row in await connection.fetch(_WITH_OPEN_CLOCKS, after, limit)]


async def count_with_open_clocks(connection: Tx) -> int:
    """How many cases have a clock that runs or is paused."""
    return int(await connection.fetchval(_COUNT_WITH_OPEN_CLOCKS))


async def by_older_zone_data(connection: Tx, version: str, *, after: UUID | None, limit: int) -> list[UUID]:
    """Cases with an open business deadline that an older time zone database gave, by id from the first `after`."""
    rows = await connection.fetch(_BY_OLDER_ZONE_DATA, version, after, limit)
    return [UUID(int=row["case_id"].int) for row in rows]


def _case(row: Row) -> CaseFile:
    return CaseFile(
        case_id=UUID(int=row["case_id"].int),
        partition=row["partition"],
        seq=row["seq"],
        summary=CaseSummary.model_validate(row["summary"]),
        facts=facts_from(row["facts"]),
        pinned=row["pinned"],
        waiting=row["waiting"],
    )


_ADD = """
INSERT INTO cases (case_id, partition, summary)
SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::jsonb[])
ON CONFLICT (case_id) DO NOTHING
"""

_LOCK = """
SELECT case_id, partition, seq, summary, facts, pinned, waiting
  FROM cases WHERE case_id = ANY ($1::uuid[]) ORDER BY case_id FOR UPDATE
"""

_LOCK_FREE = _LOCK + " SKIP LOCKED"

_SAVE = """
UPDATE cases c
   SET seq = n.seq, summary = n.summary, facts = n.facts, pinned = n.pinned, waiting = n.waiting
  FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[], $4::jsonb[], $5::text[], $6::text[])
       AS n (case_id, seq, summary, facts, pinned, waiting)
 WHERE c.case_id = n.case_id
"""

_WITH_OPEN_CLOCKS = """
SELECT case_id, partition, seq, summary, facts, pinned, waiting FROM cases c
 WHERE pinned IS NOT NULL AND ($1::uuid IS NULL OR case_id > $1)
   AND EXISTS (SELECT FROM clocks k WHERE k.case_id = c.case_id AND k.state IN ('running', 'paused'))
 ORDER BY case_id LIMIT $2
"""

_COUNT_WITH_OPEN_CLOCKS = "SELECT count(DISTINCT case_id) FROM clocks WHERE state IN ('running', 'paused')"

_BY_OLDER_ZONE_DATA = """
SELECT DISTINCT case_id FROM clocks
 WHERE calendar IS NOT NULL AND kind = 'internal' AND state IN ('running', 'paused')
   AND (zone_data IS NULL OR zone_data < $1 COLLATE "C") AND ($2::uuid IS NULL OR case_id > $2)
 ORDER BY case_id LIMIT $3
"""

_WAITING = """
SELECT case_id FROM cases
 WHERE waiting IS NOT NULL AND ($1::uuid IS NULL OR case_id > $1) ORDER BY case_id LIMIT $2
"""
