"""How specialists stand: load, presence, offers let pass. Rows are locked in the order of their ids."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.router.specialist import Status
from shared.contracts.vocabulary import Presence
from shared.db import Tx

AWAY_AFTER = 2
"""Expired offers in a row that set somebody away."""


@dataclass(frozen=True, slots=True)
class Booking:
    """Units to be taken on by one specialist, up to `capacity`."""

    specialist: str
    units: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Pending:
    """What asks for the matcher: cases not looked at, people with new room, and whether anything waits at all."""

    fresh: bool
    freed: bool
    waiting: bool


async def statuses(connection: Tx) -> dict[str, Status]:
    """Everybody ever heard of, by id."""
    return (await statuses_now(connection))[0]


async def statuses_now(connection: Tx) -> tuple[dict[str, Status], datetime]:
    """Everybody ever heard of, by id; and PostgreSQL's instant of it."""
    rows = await connection.fetch(_STATUSES)
    people = {
        row["id"]: Status(row["load"], Presence(row["presence"]) if row["presence"] else None, row["idle_since"])
        for row in rows
        if row["id"] is not None
    }
    return people, rows[0]["now"]


async def enrol(tx: Tx, ids: Iterable[str]) -> None:
    """Make a row for everybody who has none."""
    await tx.execute("INSERT INTO specialists (id) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", sorted(ids))


async def book(tx: Tx, bookings: Sequence[Booking]) -> tuple[set[str], datetime]:
    """Take on units for offers: who of them is available and has the capacity, and PostgreSQL's instant of it."""
    row = await tx.fetchrow(
        _BOOK,
        [booking.specialist for booking in bookings],
        [booking.units for booking in bookings],
        [booking.capacity for booking in bookings],
    )
    assert row is not None
    return set(row["booked"]), row["now"]


async def settle(
    tx: Tx, *, loads: Mapping[str, int], answered: set[str], expired: Mapping[str, int], now: datetime
) -> None:
    """Add `loads` (units, freed ones negative), and note who answered an offer and who let some pass."""
    ids = sorted({*loads, *answered, *expired})
    if ids:
        await enrol(tx, ids)
        await tx.execute(
            _SETTLE,
            ids,
            [loads.get(one, 0) for one in ids],
            [one in answered for one in ids],
            [expired.get(one, 0) for one in ids],
            AWAY_AFTER,
            now,
        )


async def set_presence(tx: Tx, specialist: str, presence: Presence, now: datetime) -> None:
    """Say how somebody is present; whoever becomes available may take more."""
    await enrol(tx, [specialist])
    await tx.execute(_SET_PRESENCE, specialist, presence.value, now)


async def pending(connection: Tx) -> Pending:
    """What asks for the matcher."""
    row = await connection.fetchrow(_PENDING)
    assert row is not None
    return Pending(row["fresh"], row["freed"], row["waiting"])


async def noticed(tx: Tx) -> None:
    """Whoever had room until now is about to be looked at."""
    await tx.execute(_NOTICED)


_STATUSES = """
SELECT id, load, presence, idle_since, now
  FROM (SELECT statement_timestamp() AS now) n LEFT JOIN specialists ON true
"""

_BOOK = """
WITH wanted AS (
    SELECT * FROM unnest($1::text[], $2::integer[], $3::integer[]) AS w (id, units, capacity)
), locked AS (
    SELECT s.id FROM specialists s JOIN wanted USING (id) ORDER BY s.id FOR UPDATE OF s
), booked AS (
    UPDATE specialists s SET load = s.load + wanted.units
      FROM locked JOIN wanted USING (id)
     WHERE s.id = locked.id AND s.load + wanted.units <= wanted.capacity
       AND coalesce(s.presence, 'available') = 'available'
    RETURNING s.id
)
SELECT coalesce((SELECT array_agg(id) FROM booked), '{}') AS booked, statement_timestamp() AS now
"""

_SETTLE = """
WITH told AS (
    SELECT * FROM unnest($1::text[], $2::integer[], $3::boolean[], $4::integer[]) AS t (id, units, answered, expired)
), locked AS (
    SELECT s.id, NOT told.answered AND told.expired > 0 AND s.expired_in_row + told.expired >= $5 AS silent
      FROM specialists s JOIN told USING (id) ORDER BY s.id FOR UPDATE OF s
)
UPDATE specialists s
   SET load = s.load + told.units,
       presence = CASE WHEN silent AND s.presence IS DISTINCT FROM 'offline' THEN 'away' ELSE s.presence END,
       expired_in_row = CASE WHEN told.answered OR silent THEN 0 ELSE s.expired_in_row + told.expired END,
       idle_since = CASE WHEN told.units < 0 AND s.load + told.units = 0 THEN $6 ELSE s.idle_since END,
       freed = s.freed OR told.units < 0
  FROM locked JOIN told USING (id)
 WHERE s.id = locked.id
"""

_SET_PRESENCE = """
UPDATE specialists
   SET presence = $2, expired_in_row = 0, freed = freed OR $2 = 'available',
       idle_since = CASE WHEN $2 = 'available' AND coalesce(presence, 'available') <> 'available' THEN $3
                         ELSE idle_since END
 WHERE id = $1
"""

_PENDING = """
SELECT EXISTS (SELECT FROM cases WHERE phase = 'waiting' AND fresh) AS fresh,
       EXISTS (SELECT FROM specialists WHERE freed) AS freed,
       EXISTS (SELECT FROM cases WHERE phase = 'waiting') AS waiting
"""

_NOTICED = """
WITH locked AS (SELECT id FROM specialists WHERE freed ORDER BY id FOR UPDATE)
UPDATE specialists s SET freed = false FROM locked WHERE s.id = locked.id
"""
