"""Assignments: who has which case, what expires, what goes back."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.router.assignment import Assignment
from services.router.specialist import Held
from services.router.store.codec import assignment_from, uuid_of
from shared.contracts.vocabulary import AssignmentState
from shared.db import Tx


async def live_of(tx: Tx, case_ids: Sequence[UUID]) -> dict[UUID, Assignment]:
    """The live assignment of each of these cases that has one."""
    rows = [assignment_from(row) for row in await tx.fetch(_LIVE_OF, list(case_ids))]
    return {assignment.case_id: assignment for assignment in rows}


async def save(tx: Tx, assignments: Iterable[Assignment]) -> None:
    """Write assignments, new ones too, whose cases are locked in `tx`: those that end before those that begin."""
    rows = sorted(assignments, key=lambda one: (one.live, one.assignment_id))
    if rows:
        await tx.execute(_SAVE, *([getattr(one, name) for one in rows] for name, _ in _COLUMNS))


async def case_of(connection: Tx, assignment_id: UUID) -> UUID | None:
    """The case of an assignment, or None when there is no such assignment."""
    found = await connection.fetchval("SELECT case_id FROM assignments WHERE assignment_id = $1", assignment_id)
    return None if found is None else uuid_of(found)


async def one(connection: Tx, assignment_id: UUID) -> Assignment | None:
    """An assignment by its id."""
    row = await connection.fetchrow(f"SELECT {_NAMES} FROM assignments WHERE assignment_id = $1", assignment_id)  # noqa: S608 - constants
    return None if row is None else assignment_from(row)


async def expiring(connection: Tx, *, offset: timedelta, limit: int) -> list[UUID]:
    """Cases with an offer whose time is over."""
    return [uuid_of(row["case_id"]) for row in await connection.fetch(_EXPIRING, offset, limit)]


async def returning(connection: Tx, now: datetime, roster: Sequence[str] | None, limit: int) -> list[UUID]:
    """Cases whose specialist's shift is over, or (with a `roster`) whose specialist is not on it any more."""
    return [uuid_of(row["case_id"]) for row in await connection.fetch(_RETURNING, now, roster, limit)]


async def offered_to(connection: Tx, specialist: str) -> list[UUID]:
    """Cases offered to somebody and not yet accepted."""
    return [uuid_of(row["case_id"]) for row in await connection.fetch(_OFFERED_TO, specialist)]


async def held(connection: Tx, people: Sequence[str]) -> dict[str, list[Held]]:
    """What these people have in hand, with when each is expected to end."""
    found: dict[str, list[Held]] = {}
    for row in await connection.fetch(_HELD, people) if people else ():
        found.setdefault(row["specialist"], []).append(Held(row["until"], row["units"]))
    return found


async def shift_ends(tx: Tx, ends: Mapping[str, datetime | None], grace: object) -> None:
    """Shifts changed: whoever is on shift now (id -> its end) gives back at that end, accepted ones `grace` later."""
    await tx.execute(_SHIFT_ENDS, list(ends), list(ends.values()), grace)


async def listed(
    connection: Tx,
    *,
    specialist: str | None,
    case_id: UUID | None,
    state: AssignmentState | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Assignment]:
    """Assignments, newest first; `before` is the place of the last one seen."""
    at, last = before or (None, None)
    rows = await connection.fetch(_LISTED, specialist, case_id, state, at, last, limit)
    return [assignment_from(row) for row in rows]


async def units_by_state(connection: Tx) -> dict[str, int]:
    """Units offered and accepted."""
    return {row["state"]: row["units"] for row in await connection.fetch(_UNITS)}


_COLUMNS = (
    ("assignment_id", "uuid"),
    ("case_id", "uuid"),
    ("specialist", "text"),
    ("state", "text"),
    ("units", "integer"),
    ("handling", "interval"),
    ("offered_at", "timestamptz"),
    ("expires_at", "timestamptz"),
    ("accepted_at", "timestamptz"),
    ("ended_at", "timestamptz"),
    ("return_at", "timestamptz"),
    ("reason", "text"),
    ("claimed", "boolean"),
    ("decision_id", "uuid"),
)
_NAMES = ", ".join(name for name, _ in _COLUMNS)
_ARRAYS = ", ".join(f"${place}::{kind}[]" for place, (_, kind) in enumerate(_COLUMNS, 1))

_SAVE = f"""
INSERT INTO assignments ({_NAMES})
SELECT {_NAMES} FROM unnest({_ARRAYS}) WITH ORDINALITY AS a ({_NAMES}, place) ORDER BY place
ON CONFLICT (assignment_id) DO UPDATE
   SET state = excluded.state, accepted_at = excluded.accepted_at, ended_at = excluded.ended_at,
       return_at = excluded.return_at, reason = excluded.reason
"""  # noqa: S608 - constants

_LIVE_OF = f"""
SELECT {_NAMES} FROM assignments WHERE case_id = ANY ($1::uuid[]) AND state IN ('offered', 'accepted')
"""  # noqa: S608 - constants

_EXPIRING = """
SELECT case_id FROM assignments
 WHERE state = 'offered' AND expires_at <= statement_timestamp() + $1::interval
 ORDER BY expires_at LIMIT $2
"""

_RETURNING = """
SELECT case_id FROM assignments
 WHERE state IN ('offered', 'accepted') AND (return_at <= $1 OR ($2::text[] IS NOT NULL AND specialist <> ALL ($2)))
 LIMIT $3
"""

_OFFERED_TO = "SELECT case_id FROM assignments WHERE specialist = $1 AND state = 'offered'"

_HELD = """
SELECT specialist, units, coalesce(accepted_at, offered_at) + handling AS until
  FROM assignments WHERE state IN ('offered', 'accepted') AND specialist = ANY ($1::text[])
"""

_SHIFT_ENDS = """
UPDATE assignments a
   SET return_at = CASE a.state WHEN 'accepted' THEN n.ends + $3::interval ELSE n.ends END
  FROM unnest($1::text[], $2::timestamptz[]) AS n (specialist, ends)
 WHERE a.specialist = n.specialist AND a.state IN ('offered', 'accepted')
"""

_LISTED = f"""
SELECT {_NAMES} FROM assignments
 WHERE ($1::text IS NULL OR specialist = $1) AND ($2::uuid IS NULL OR case_id = $2)
   AND ($3::text IS NULL OR state = $3)
   AND ($4::timestamptz IS NULL OR (offered_at, assignment_id) < ($4, $5::uuid))
 ORDER BY offered_at DESC, assignment_id DESC LIMIT $6
"""  # noqa: S608 - constants

_UNITS = """
SELECT state, sum(units)::int AS units FROM assignments WHERE state IN ('offered', 'accepted') GROUP BY state
"""
