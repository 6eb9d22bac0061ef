"""Positions: where a service reads on in each partition, and up to when it has seen everything there.

A claim raises the epoch; afterwards only that epoch writes. `caught_up_to` is what evidence rests on:
every record acknowledged by the brokers before that instant is committed in this schema.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.db import Row, Tx
from shared.errors import Transient


class Fenced(Transient):
    """A partition of the batch is owned by another epoch, or read on from elsewhere: roll back, write nothing."""


@dataclass(frozen=True)
class Place:
    """A partition of a topic (by its contract name)."""

    topic: str
    partition: int


@dataclass(frozen=True)
class Claim:
    """This process owns `place` while the row shows `epoch`; it reads on at `next_offset`."""

    place: Place
    epoch: int
    next_offset: int
    cluster_id: str


@dataclass(frozen=True)
class Advance:
    """Take the position of one claimed partition from `first` (the batch's first offset) to `to`.

    `caught_up_to` comes along where `to` reaches an end that was seen at that instant.
    """

    place: Place
    epoch: int
    first: int
    to: int
    caught_up_to: datetime | None = None


async def claim(tx: Tx, beginnings: Mapping[Place, int], *, owner: str, cluster_id: str) -> list[Claim]:
    """Own these partitions from now on. One that was never read starts at its beginning."""
    places = sorted(beginnings, key=lambda place: (place.topic, place.partition))
    rows = await tx.fetch(
        _CLAIM,
        [place.topic for place in places],
        [place.partition for place in places],
        [beginnings[place] for place in places],
        owner,
        cluster_id,
    )
    return [_claim_of(row) for row in rows]


async def read(connection: Tx, places: Iterable[Place]) -> dict[Place, Claim]:
    """The rows of these partitions as they stand, whoever owns them."""
    wanted = list(places)
    rows = await connection.fetch(_ROWS, [p.topic for p in wanted], [p.partition for p in wanted])
    return {claim.place: claim for claim in map(_claim_of, rows)}


async def advance(tx: Tx, steps: Sequence[Advance]) -> None:
    """Move every partition of the batch, or raise `Fenced`. The first statement of the work transaction."""
    moved = await tx.fetchval(
        _ADVANCE,
        [step.place.topic for step in steps],
        [step.place.partition for step in steps],
        [step.epoch for step in steps],
        [step.first for step in steps],
        [step.to for step in steps],
        [step.caught_up_to for step in steps],
    )
    if moved != len(steps):
        raise Fenced(f"{len(steps) - moved} of {len(steps)} positions belong to another epoch", retry_after=0.0)


async def hold(tx: Tx, place: Place, epoch: int) -> None:
    """Keep the position where it is until `tx` ends, or raise `Fenced`: no batch of the partition comes between."""
    if await tx.fetchval(_HOLD, place.topic, place.partition, epoch) is None:
        raise Fenced(f"the position of {place.topic}/{place.partition} belongs to another epoch", retry_after=0.0)


async def mark_caught_up(connection: Tx, marks: Sequence[tuple[Place, int, datetime]]) -> datetime:
    """Note (place, epoch, instant) for owned partitions, never backwards; returns the database's own instant.

    The commit does not wait for the disk: a mark lost in a crash is only an older mark. A row that a work
    transaction holds is left out: that transaction brings its own mark.
    """
    instant: datetime = await connection.fetchval(
        _MARK,
        [place.topic for place, _, _ in marks],
        [place.partition for place, _, _ in marks],
        [epoch for _, epoch, _ in marks],
        [at for _, _, at in marks],
    )
    return instant


async def caught_up(connection: Tx) -> dict[tuple[str, int], datetime]:
    """`caught_up_to` of every partition ever claimed, by (topic, partition); the year 1 where it is not known yet."""
    rows = await connection.fetch("SELECT topic, partition, caught_up_to FROM consumer_position")
    # The driver gives `-infinity` as the first instant of the calendar, without a zone.
    return {(row["topic"], row["partition"]): row["caught_up_to"].replace(tzinfo=UTC) for row in rows}


async def ages(connection: Tx) -> dict[str, float]:
    """By topic, seconds since the end of every partition was last seen; infinite where one never was."""
    return {row["topic"]: row["age"] for row in await connection.fetch(_AGES)}


def _claim_of(row: Row) -> Claim:
    return Claim(Place(row["topic"], row["partition"]), row["epoch"], row["next_offset"], row["cluster_id"])


_AGES = """
SELECT topic,
       CASE WHEN isfinite(min(caught_up_to))
            THEN extract(epoch FROM statement_timestamp() - min(caught_up_to))::float8
            ELSE 'Infinity'::float8 END AS age
  FROM consumer_position GROUP BY topic
"""

_ROWS = """
SELECT topic, partition, epoch, next_offset, cluster_id
  FROM consumer_position JOIN unnest($1::text[], $2::int[]) AS w (topic, partition) USING (topic, partition)
"""

_CLAIM = """
INSERT INTO consumer_position AS p (topic, partition, epoch, owner, next_offset, cluster_id)
SELECT topic, partition, 1, $4, beginning, $5
  FROM unnest($1::text[], $2::int[], $3::bigint[]) AS b (topic, partition, beginning)
 ORDER BY topic, partition
ON CONFLICT (topic, partition) DO UPDATE SET epoch = p.epoch + 1, owner = excluded.owner
RETURNING topic, partition, epoch, next_offset, cluster_id
"""

_ADVANCE = """
WITH step AS (
    SELECT p.topic, p.partition, s.upto, s.seen
      FROM consumer_position p
      JOIN unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[])
           AS s (topic, partition, epoch, first, upto, seen) USING (topic, partition)
     WHERE p.epoch = s.epoch AND p.next_offset = s.first
     ORDER BY p.topic, p.partition
       FOR UPDATE OF p
), moved AS (
    UPDATE consumer_position p
       SET next_offset = step.upto, caught_up_to = greatest(p.caught_up_to, step.seen)
      FROM step
     WHERE p.topic = step.topic AND p.partition = step.partition
    RETURNING 1
)
SELECT count(*) FROM moved
"""

_HOLD = "SELECT 1 FROM consumer_position WHERE topic = $1 AND partition = $2 AND epoch = $3 FOR UPDATE"

_MARK = """
WITH soft AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true) AS mode
), owned AS (
    SELECT p.topic, p.partition, m.at
      FROM consumer_position p
      JOIN unnest($1::text[], $2::int[], $3::bigint[], $4::timestamptz[])
           AS m (topic, partition, epoch, at) USING (topic, partition)
     WHERE p.epoch = m.epoch AND p.caught_up_to < m.at
     ORDER BY p.topic, p.partition
       FOR UPDATE OF p SKIP LOCKED
), marked AS (
    UPDATE consumer_position p SET caught_up_to = owned.at
      FROM owned, soft
     WHERE p.topic = owned.topic AND p.partition = owned.partition
)
SELECT statement_timestamp()
"""
