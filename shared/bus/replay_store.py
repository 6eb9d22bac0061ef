"""The owner's side of dead letters: what an operator asked for, and what became of it.

All of it runs inside a transaction that holds the position of the partition (`positions.hold`), so that no
live event of the key comes between: it sees either the key parked or everything before it taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from shared.bus.parking import record_of
from shared.bus.positions import Place
from shared.bus.records import Record, printable
from shared.db import Tx
from shared.errors import Permanent, PermanentReason


@dataclass(frozen=True)
class Task:
    """A dead letter that is to be replayed, or behind which events wait to be taken."""

    letter_id: UUID
    place: Place


@dataclass(frozen=True)
class Letter:
    """A dead letter as it stands, with its record whole."""

    letter_id: UUID
    state: str
    draining: bool
    reason: PermanentReason
    record: Record

    @property
    def conflicting(self) -> bool:
        """Its number was taken by another event, so its place in the order is gone."""
        return self.reason is PermanentReason.CONFLICTING_SEQUENCE


async def tasks(connection: Tx, places: Iterable[Place]) -> list[Task]:
    """What there is to do in these partitions, in the order of the log."""
    wanted = list(places)
    rows = await connection.fetch(_TASKS, [p.topic for p in wanted], [p.partition for p in wanted])
    return [Task(row["id"], Place(row["topic"], row["partition"])) for row in rows]


async def lock(tx: Tx, letter_id: UUID) -> Letter:
    """The dead letter, locked against the operator's next act."""
    row = await tx.fetchrow(_LOCK, letter_id)
    assert row is not None
    return Letter(row["id"], row["state"], row["draining"], PermanentReason(row["reason"]), record_of(row))


async def replayed(tx: Tx, letter_id: UUID) -> None:
    """Its record has been taken; what is parked behind it is next."""
    await tx.execute(_REPLAYED, letter_id)


async def failed_again(tx: Tx, letter_id: UUID, fault: Permanent) -> None:
    """Open again, with the new error. A conflict parks nothing any more: what waits behind it is let in."""
    conflict = fault.reason is PermanentReason.CONFLICTING_SEQUENCE
    await tx.execute(_FAILED, letter_id, str(fault.reason), printable(str(fault)), conflict)


async def drained(tx: Tx, letter_id: UUID) -> None:
    """Nothing waits behind it any more: later events of its key pass."""
    await tx.execute("UPDATE dead_letter SET draining = false WHERE id = $1", letter_id)


_TASKS = """
SELECT id, topic, partition
  FROM dead_letter JOIN unnest($1::text[], $2::int[]) AS w (topic, partition) USING (topic, partition)
 WHERE state = 'replaying' OR draining
 ORDER BY topic, partition, "offset" LIMIT 100
"""

_LOCK = """
SELECT id, topic, partition, "offset", key, value, headers, state, draining, reason
  FROM dead_letter WHERE id = $1 FOR UPDATE
"""

_REPLAYED = """
UPDATE dead_letter SET state = 'replayed', draining = true, settled_at = statement_timestamp() WHERE id = $1
"""

_FAILED = """
UPDATE dead_letter SET state = 'open', reason = $2, error = $3, draining = draining OR $4 WHERE id = $1
"""
