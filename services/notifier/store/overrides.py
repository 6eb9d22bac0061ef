"""Overrides of schedules, in the order of their creation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notifier.oncall.overrides import Override
from shared.db import Row, Tx
from shared.ids import uuid7


@dataclass(frozen=True)
class StoredOverride:
    """An override as the API shows it."""

    override_id: UUID
    responder: str
    start: datetime
    end: datetime
    replaces: str | None
    created_by: str
    created_at: datetime


async def in_force(tx: Tx, now: datetime) -> dict[str, list[Override]]:
    """By schedule, those that cover `now`."""
    found: dict[str, list[Override]] = {}
    for row in await tx.fetch(_IN_FORCE, now):
        found.setdefault(row["schedule"], []).append(_override_of(row))
    return found


async def within(tx: Tx, schedule: str, start: datetime, end: datetime) -> list[Override]:
    """Those of a schedule that touch [start, end)."""
    return [_override_of(row) for row in await tx.fetch(_WITHIN, schedule, start, end)]


async def from_on(tx: Tx, schedule: str, at: datetime) -> list[Override]:
    """Those of a schedule that end after `at`."""
    return [_override_of(row) for row in await tx.fetch(_FROM_ON, schedule, at)]


async def add(tx: Tx, schedule: str, override: Override, *, created_by: str, now: datetime) -> StoredOverride:
    """Create one; its id is new."""
    row = await tx.fetchrow(
        _ADD, uuid7(), schedule, override.responder, override.start, override.end, override.replaces, created_by, now
    )
    assert row is not None
    return _stored(row)


async def remove(tx: Tx, schedule: str, override_id: UUID) -> bool:
    """Delete one, which restores what it covered; False when the schedule has none such."""
    return await tx.fetchval(_REMOVE, schedule, override_id) is not None


async def listed(tx: Tx, schedule: str, after: int, limit: int) -> tuple[Sequence[StoredOverride], int | None]:
    """Overrides of a schedule, newest first, created before the position `after`; the next position if any."""
    rows = await tx.fetch(_LIST, schedule, after, limit + 1)
    position = rows[limit - 1]["created"] if len(rows) > limit else None
    return [_stored(row) for row in rows[:limit]], position


def _override_of(row: Row) -> Override:
    return Override(str(row["override_id"]), row["responder"], row["start_at"], row["end_at"], row["replaces"])


def _stored(row: Row) -> StoredOverride:
    return StoredOverride(
        override_id=row["override_id"],
        responder=row["responder"],
        start=row["start_at"],
        end=row["end_at"],
        replaces=row["replaces"],
        created_by=row["created_by"],
        created_at=row["created_at"],
    )


_IN_FORCE = "SELECT * FROM override WHERE start_at <= $1 AND end_at > $1 ORDER BY created"

_WITHIN = "SELECT * FROM override WHERE schedule = $1 AND end_at > $2 AND start_at < $3 ORDER BY created"

_FROM_ON = "SELECT * FROM override WHERE schedule = $1 AND end_at > $2 ORDER BY created"

_ADD = """
INSERT INTO override (override_id, schedule, responder, start_at, end_at, replaces, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *
"""

_REMOVE = "DELETE FROM override WHERE schedule = $1 AND override_id = $2 RETURNING override_id"

_LIST = """
SELECT * FROM override WHERE schedule = $1 AND created < $2 ORDER BY created DESC LIMIT $3
"""
