"""Clocks: read by case or by due, written by compare-and-set on their revision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.sla_monitor.settlement import Clock
from services.sla_monitor.store.codec import COLUMNS, clock_columns, clock_from, next_revision
from shared.contracts.vocabulary import ClockKind, ClockState
from shared.db import Tx
from shared.errors import Transient

NO_DUE = "infinity"
"""Where a clock without a due instant stands in the order of due."""


async def of_cases(connection: Tx, case_ids: Sequence[UUID]) -> dict[UUID, list[Clock]]:
    """Every clock of these cases."""
    found: dict[UUID, list[Clock]] = {}
    for row in await connection.fetch(_OF_CASES, list(case_ids)):
        clock = clock_from(row)
        found.setdefault(clock.case_id, []).append(clock)
    return found


async def save(tx: Tx, clocks: Sequence[tuple[Clock, int]]) -> None:
    """Write (clock, partition) pairs, new ones too; raises `Transient` when another writer was there before."""
    if not clocks:
        return
    rows = [(next_revision(clock), partition) for clock, partition in clocks]
    written = await tx.execute(_SAVE, *clock_columns(rows))
    if written != f"INSERT 0 {len(rows)}":
        raise Transient(f"clocks changed under the lock of their case: {written}, not {len(rows)}", retry_after=0.0)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which clocks a list holds; None: any. `due_before` leaves out those without a due instant."""

    case_id: UUID | None = None
    state: ClockState | None = None
    kind: ClockKind | None = None
    due_before: datetime | None = None


async def soonest(
    connection: Tx, narrowed: Narrowed, *, after: tuple[str, UUID] | None = None, limit: int
) -> list[Clock]:
    """Clocks that fit, soonest due first, from the first one behind `after` (due as text, id)."""
    query, values = soonest_query(narrowed, after=after, limit=limit)
    return [clock_from(row) for row in await connection.fetch(query, *values)]


def soonest_query(narrowed: Narrowed, *, after: tuple[str, UUID] | None, limit: int) -> tuple[str, list[object]]:
    """The statement and its values: an index answers every combination."""
    conditions, values = [], list[object]()

    def narrow(condition: str, *given: object) -> None:
        places = [f"${len(values) + offset}" for offset in range(1, len(given) + 1)]
        conditions.append(condition.format(*places))
        values.extend(given)

    if narrowed.case_id is not None:
        narrow("case_id = {}", narrowed.case_id)
    if narrowed.state is not None:
        narrow("state = {}", narrowed.state.value)
    if narrowed.kind is not None:
        conditions.append(_OF_KIND[narrowed.kind])
    if narrowed.due_before is not None:
        narrow("coalesce(due_at, 'infinity') < {}", narrowed.due_before)
    if after is not None:
        narrow("(coalesce(due_at, 'infinity'), clock_id) > ({}::text::timestamptz, {})", *after)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return _SOONEST.format(where=where, limit=limit), values


async def open_by_kind(connection: Tx) -> dict[ClockKind, int]:
    """How many clocks run or are paused."""
    rows = await connection.fetch(_OPEN_BY_KIND)
    return {ClockKind(row["kind"]): row["clocks"] for row in rows}


_OF_KIND = {kind: f"kind = '{kind.value}'" for kind in ClockKind}
"""Written out, not a parameter: only so does the planner see that an index of one kind fits."""
_NAMES = ", ".join(name for name, _ in COLUMNS)
_OF_CASES = f"SELECT {_NAMES} FROM clocks WHERE case_id = ANY ($1::uuid[]) ORDER BY clock_id"  # noqa: S608 - constants
_SOONEST = f"SELECT {_NAMES} FROM clocks {{where}} ORDER BY coalesce(due_at, 'infinity'), clock_id LIMIT {{limit}}"  # noqa: S608
_KEPT = ("clock_id", "case_id", "name", "reference", "cycle", "kind", "partition")
_SAVE = f"""
INSERT INTO clocks ({_NAMES})
SELECT * FROM unnest({", ".join(f"${place}::{kind}[]" for place, (_, kind) in enumerate(COLUMNS, 1))})
ON CONFLICT (clock_id) DO UPDATE
   SET {", ".join(f"{name} = excluded.{name}" for name, _ in COLUMNS if name not in _KEPT)}
 WHERE clocks.revision = excluded.revision - 1
"""  # noqa: S608 - constants
_OPEN_BY_KIND = """
SELECT kind, count(*) AS clocks FROM clocks WHERE state IN ('running', 'paused') GROUP BY kind
"""
