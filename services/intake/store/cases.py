"""Cases: locked, read, opened many at a time, and saved with the slot they hold."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import orjson

from services.intake.case import Case
from services.intake.holder import Holder
from services.intake.report import Slot
from services.intake.store.rows import COLUMNS, NEW_COLUMNS, case_from, detail_of, new_row
from shared.contracts.vocabulary import Severity
from shared.db import Tx


async def find(tx: Tx, case_id: UUID) -> Case | None:
    """The case as it is, not locked."""
    row = await tx.fetchrow(_FIND, case_id)
    return None if row is None else case_from(row)


async def lock(tx: Tx, case_id: UUID) -> Case | None:
    """The case, locked until the end of `tx`."""
    row = await tx.fetchrow(_LOCK, case_id)
    return None if row is None else case_from(row)


async def any_pend_due(connection: Tx, *, offset: timedelta) -> bool:
    """Whether the `until` of any pend reason has come."""
    return bool(await connection.fetchval(_ANY_PEND_DUE, offset))


async def lock_due_pends(tx: Tx, *, offset: timedelta, limit: int) -> list[Case]:
    """Up to `limit` cases with a pend reason whose `until` has come, locked; those locked elsewhere are left out."""
    return [case_from(row) for row in await tx.fetch(_DUE_PENDS, offset, limit)]


async def open_many(tx: Tx, cases: Sequence[Case]) -> None:
    """Insert new cases in one statement."""
    await tx.execute(_OPEN, orjson.dumps([new_row(case) for case in cases]).decode())


async def save(tx: Tx, before: Case, after: Case) -> None:
    """Write a locked case back; its slot follows what it is about now."""
    await tx.execute(
        _SAVE,
        after.case_id,
        after.version,
        after.status.value,
        after.reports,
        after.policy_area,
        after.language,
        after.region,
        after.severity.value,
        after.graphic,
        after.recorded_at,
        after.acknowledged_at,
        after.resolved_at,
        after.pend_until,
        after.outcome.value if after.outcome else None,
        detail_of(after),
        after.preserve_until,
    )
    if before.slot != after.slot:
        await _move_slot(tx, after.case_id, before.slot, after.slot)


async def take_slots(tx: Tx, wanted: Sequence[tuple[Slot, UUID]]) -> set[UUID]:
    """Take each slot that is free for its case; the cases that got theirs. Waits for whoever has it in hand."""
    ordered = sorted(wanted)
    rows = await tx.fetch(
        _TAKE_SLOTS,
        [slot[0] for slot, _ in ordered],
        [slot[1] for slot, _ in ordered],
        [slot[2] for slot, _ in ordered],
        [case_id for _, case_id in ordered],
    )
    return {row["case_id"] for row in rows}


async def holder_of_slot(tx: Tx, slot: Slot) -> UUID | None:
    """The unresolved case about this subject, not locked."""
    case_id: UUID | None = await tx.fetchval(_SLOT_HOLDER, *slot)
    return case_id


async def lock_holders(tx: Tx, case_ids: Sequence[UUID]) -> dict[UUID, Holder]:
    """Who holds these cases, locked in the order of their ids; cases that are not here are left out."""
    rows = await tx.fetch(_LOCK_HOLDERS, sorted(set(case_ids)))
    return {row["case_id"]: Holder(row["assignee"], row["assignment_id"], row["waiting_reason"]) for row in rows}


async def save_holders(tx: Tx, holders: dict[UUID, Holder]) -> None:
    """Write back who holds locked cases."""
    if not holders:
        return
    found = list(holders.values())
    await tx.execute(
        _SAVE_HOLDERS,
        list(holders),
        [holder.assignee for holder in found],
        [holder.assignment_id for holder in found],
        [holder.waiting_reason for holder in found],
    )


async def unresolved_by_severity(tx: Tx) -> dict[Severity, int]:
    """How many cases are not resolved."""
    rows = await tx.fetch("SELECT severity, count(*) AS n FROM cases WHERE status <> 'resolved' GROUP BY severity")
    return {Severity(row["severity"]): row["n"] for row in rows}


async def _move_slot(tx: Tx, case_id: UUID, old: Slot | None, new: Slot | None) -> None:
    """Let go of the old slot if it was ours; take the new one if it is free."""
    if old is not None:
        await tx.execute(_DROP_SLOT, *old, case_id)
    if new is not None:
        await take_slots(tx, [(new, case_id)])


_ANY_PEND_DUE = "SELECT EXISTS (SELECT FROM cases WHERE pend_until <= statement_timestamp() + $1::interval)"

_FIND = f"SELECT {COLUMNS} FROM cases WHERE case_id = $1"  # noqa: S608 - constants
_LOCK = f"{_FIND} FOR UPDATE"

_DUE_PENDS = f"""
SELECT {COLUMNS} FROM cases
 WHERE pend_until <= statement_timestamp() + $1::interval
 ORDER BY pend_until
 LIMIT $2
   FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - constants

_NEW = ", ".join(NEW_COLUMNS)
_OPEN = f"INSERT INTO cases ({_NEW}) SELECT {_NEW} FROM json_populate_recordset(NULL::cases, $1::json)"  # noqa: S608 - constants

_SAVE = """
UPDATE cases
   SET version = $2, status = $3, reports = $4, policy_area = $5, language = $6, region = $7, severity = $8,
       graphic = $9, recorded_at = $10, acknowledged_at = $11, resolved_at = $12, pend_until = $13, outcome = $14,
       detail = $15, preserve_until = $16
 WHERE case_id = $1
"""

_TAKE_SLOTS = """
INSERT INTO open_subject (type, id, policy_area, case_id)
SELECT type, id, policy_area, case_id
  FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[]) WITH ORDINALITY
       AS s (type, id, policy_area, case_id, place)
 ORDER BY place
    ON CONFLICT DO NOTHING
RETURNING case_id
"""

_SLOT_HOLDER = "SELECT case_id FROM open_subject WHERE type = $1 AND id = $2 AND policy_area = $3"

_DROP_SLOT = "DELETE FROM open_subject WHERE type = $1 AND id = $2 AND policy_area = $3 AND case_id = $4"

_LOCK_HOLDERS = """
SELECT case_id, assignee, assignment_id, waiting_reason
  FROM cases WHERE case_id = ANY($1) ORDER BY case_id FOR UPDATE
"""

_SAVE_HOLDERS = """
UPDATE cases SET assignee = h.assignee, assignment_id = h.assignment_id, waiting_reason = h.waiting_reason
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[]) AS h (case_id, assignee, assignment_id, waiting_reason)
 WHERE cases.case_id = h.case_id
"""
