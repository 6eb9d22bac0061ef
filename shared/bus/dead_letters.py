"""The operator's side of dead letters: list, look at, mark for replay, discard.

A mark is all that is written here; the work is done by the owner of the partition (`shared.bus.replay`).
Nothing here lets a key go on: that is the owner's too, so that no live event overtakes what is parked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.bus.parking import record_of
from shared.bus.records import Record
from shared.db import Row, Tx
from shared.errors import PermanentReason


class LetterState(StrEnum):
    """What becomes of a dead letter: `open` until an operator decides."""

    OPEN = "open"
    REPLAYING = "replaying"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


@dataclass(frozen=True)
class Choice:
    """Which dead letters are meant; None means any. `ids` goes with the rest: all of it must hold."""

    ids: Sequence[UUID] | None = None
    states: Sequence[LetterState] | None = None
    reason: PermanentReason | None = None
    topic: str | None = None

    @property
    def arguments(self) -> tuple[Any, ...]:
        """For the statements below."""
        ids = None if self.ids is None else list(self.ids)
        states = None if self.states is None else [state.value for state in self.states]
        return ids, states, self.reason and self.reason.value, self.topic


@dataclass(frozen=True)
class Listed:
    """One dead letter, and how many events wait behind it."""

    id: UUID
    state: LetterState
    topic: str
    partition: int
    offset: int
    key: str | None
    reason: PermanentReason
    error: str
    created_at: datetime
    settled_at: datetime | None
    parked: int


async def listed(connection: Tx, choice: Choice, *, limit: int) -> list[Listed]:
    """The first `limit` of them, oldest first."""
    return [_listed(row) for row in await connection.fetch(_LIST, *choice.arguments, limit)]


async def record(connection: Tx, letter_id: UUID) -> Record | None:
    """The record of a dead letter, whole."""
    row = await connection.fetchrow(_RECORD, letter_id)
    return None if row is None else record_of(row)


async def parked(connection: Tx, letter_id: UUID, *, limit: int) -> list[tuple[Record, datetime]]:
    """The first `limit` events that wait behind it, each with the instant at which it came."""
    return [(record_of(row), row["parked_at"]) for row in await connection.fetch(_PARKED, letter_id, limit)]


async def mark_for_replay(tx: Tx, choice: Choice) -> list[Listed]:
    """Have the open ones among them taken again; those that are marked now."""
    return [_listed(row) for row in await tx.fetch(_REPLAY, *choice.arguments)]


async def discard(tx: Tx, choice: Choice) -> list[Listed]:
    """Give up those among them that are not settled; those that are given up now. What is parked is taken next."""
    rows = await tx.fetch(_DISCARD, *choice.arguments, PermanentReason.CONFLICTING_SEQUENCE.value)
    return [_listed(row) for row in rows]


async def open_letters(connection: Tx) -> int:
    """How many nobody has seen to."""
    return int(await connection.fetchval("SELECT count(*) FROM dead_letter WHERE state = 'open'"))


async def parked_events(connection: Tx) -> int:
    """How many events wait behind dead letters."""
    return int(await connection.fetchval("SELECT count(*) FROM parked_event"))


def _listed(row: Row) -> Listed:
    return Listed(
        id=UUID(str(row["id"])),  # the driver has a class of its own
        state=LetterState(row["state"]),
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        key=row["event_key"],
        reason=PermanentReason(row["reason"]),
        error=row["error"],
        created_at=row["created_at"],
        settled_at=row["settled_at"],
        parked=row["parked"],
    )


_CHOSEN = """
    ($1::uuid[] IS NULL OR id = ANY($1)) AND ($2::text[] IS NULL OR state = ANY($2))
    AND ($3::text IS NULL OR reason = $3) AND ($4::text IS NULL OR topic = $4)
"""

_COLUMNS = """
    d.id, d.state, d.topic, d.partition, d."offset", d.event_key, d.reason, d.error, d.created_at, d.settled_at,
    (SELECT count(*) FROM parked_event WHERE behind = d.id) AS parked
"""

_LIST = f"SELECT {_COLUMNS} FROM dead_letter d WHERE {_CHOSEN} ORDER BY created_at, id LIMIT $5"  # noqa: S608

_REPLAY = f"""
UPDATE dead_letter d SET state = 'replaying' WHERE state = 'open' AND {_CHOSEN} RETURNING {_COLUMNS}
"""  # noqa: S608 - put together from the constants above

_DISCARD = f"""
UPDATE dead_letter d
   SET state = 'discarded', settled_at = statement_timestamp(), draining = draining OR reason <> $5
 WHERE state IN ('open', 'replaying') AND {_CHOSEN} RETURNING {_COLUMNS}
"""  # noqa: S608 - as above

_RECORD = 'SELECT topic, partition, "offset", key, value, headers FROM dead_letter WHERE id = $1'

_PARKED = """
SELECT topic, partition, "offset", convert_to(event_key, 'UTF8') AS key, value, headers, parked_at
  FROM parked_event WHERE behind = $1 ORDER BY "offset" LIMIT $2
"""
