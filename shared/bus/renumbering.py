"""Renumbering after a restore: positions at the ends of the log, and every sequence raised alike.

What a service has said, has heard, has still to say and keeps in parking rises by the same step for the same
key and source. So nobody in the installation sees a gap, a duplicate or a conflict where there is none, while
no number that was on a topic is given to another event.
"""

import base64
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.bus.messages import Received
from shared.bus.positions import Place
from shared.contracts.vocabulary import Topic
from shared.db import Tx

OWNER = "republish"
NOBODY = UUID(int=0)
"""Stands for the id of an event that was never heard."""

CHUNK = 2000
"""Keys of one statement."""


@dataclass(frozen=True)
class Saying:
    """An event that a restored schema knows and that some reader may not have heard, as it goes out again."""

    topic: str
    key: str
    seq: int
    ce_id: UUID
    type: str
    headers: Mapping[str, str]
    payload: bytes

    @classmethod
    def of(cls, received: Received, payload: bytes) -> "Saying":
        """From the log; `ce_source` is the relay's to add."""
        headers = {name: value for name, value in received.headers.items() if name != "ce_source"}
        return cls(received.topic, received.key, received.seq, received.ce_id, received.type, headers, payload)

    def raised(self, step: int) -> "Saying":
        """The same event under its new number."""
        seq = self.seq + step
        headers = {**self.headers, "ce_sequence": str(seq)}
        return Saying(self.topic, self.key, seq, self.ce_id, self.type, headers, self.payload)


async def next_offsets(tx: Tx) -> dict[Place, int]:
    """Where the service of this schema would read on."""
    rows = await tx.fetch("SELECT topic, partition, next_offset FROM consumer_position")
    return {Place(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def lease_holders(tx: Tx) -> list[str]:
    """Who holds a lease in this schema now: a service that runs."""
    rows = await tx.fetch("SELECT name, owner FROM lease WHERE expires_at > statement_timestamp() ORDER BY name")
    return [f"{row['name']} by {row['owner']}" for row in rows]


async def keys_to_say(tx: Tx) -> set[str]:
    """The keys of which the outbox holds events."""
    rows = await tx.fetch("SELECT DISTINCT key FROM outbox WHERE topic <> $1", Topic.DEAD_LETTERS.value)
    return {row["key"] for row in rows}


async def move_positions(tx: Tx, ends: Mapping[Place, int], cluster_id: str) -> None:
    """Read on at these offsets; whoever held a partition is fenced, and no evidence is claimed yet."""
    places = sorted(ends, key=lambda place: (place.topic, place.partition))
    await tx.execute(
        _MOVE,
        [place.topic for place in places],
        [place.partition for place in places],
        [ends[place] for place in places],
        cluster_id,
        OWNER,
    )


async def raise_heard(tx: Tx, keys: Sequence[str], source: str, step: int) -> None:
    """What this schema has heard of `source` about these keys is counted from the raised numbers on."""
    for chunk in chunks(keys):
        await tx.execute(_RAISE_HEARD, chunk, source, step, NOBODY)


async def say(tx: Tx, keys: Sequence[str], sayings: Iterable[Saying], step: int) -> int:
    """Write the outbox of these keys anew: what it held and `sayings`, each once, in order, raised; how many."""
    merged: dict[str, dict[int, Saying]] = defaultdict(dict)
    for saying in sayings:
        merged[saying.key][saying.seq] = saying
    for chunk in chunks(keys):
        for row in await tx.fetch(_TAKE_OUT, chunk, Topic.DEAD_LETTERS.value):
            merged[row["key"]][row["seq"]] = Saying(**row)
    again = [merged[key][seq].raised(step) for key in sorted(merged) for seq in sorted(merged[key])]
    for start in range(0, len(again), CHUNK):
        await _put(tx, again[start : start + CHUNK])
    return len(again)


async def raise_parked(tx: Tx, steps: Mapping[tuple[str, str], int]) -> None:
    """Open dead letters and what is parked behind them count like everything else; `steps` by (key, source)."""
    for table, condition in (("dead_letter", "(state IN ('open', 'replaying') OR draining)"), ("parked_event", "true")):
        rows = await tx.fetch(_HEADERS.format(table=table, condition=condition))
        for row in rows:
            raised = raised_headers(row["headers"], row["event_key"], steps)
            if raised is not None:
                await tx.execute(
                    _SAVE_HEADERS.format(table=table), row["topic"], row["partition"], row["place"], raised
                )


def raised_headers(
    headers: Sequence[Sequence[str]], key: str, steps: Mapping[tuple[str, str], int]
) -> list[list[str]] | None:
    """Raw headers (names and values in base64) with the sequence raised; None where nothing is to be raised."""
    values = {name: base64.b64decode(value) for name, value in headers}
    step = steps.get((key, values.get("ce_source", b"").decode("utf-8", "replace")))
    sequence = values.get("ce_sequence", b"")
    if step is None or not sequence.isdigit():
        return None
    new = base64.b64encode(str(int(sequence) + step).encode()).decode()
    return [[name, new if name == "ce_sequence" else value] for name, value in headers]


def chunks(keys: Sequence[str]) -> list[Sequence[str]]:
    """The keys, so many at a time that no statement takes long."""
    return [keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK)]


async def _put(tx: Tx, sayings: Sequence[Saying]) -> None:
    await tx.execute(
        _PUT,
        [one.topic for one in sayings],
        [one.key for one in sayings],
        [one.seq for one in sayings],
        [one.ce_id for one in sayings],
        [one.type for one in sayings],
        [dict(one.headers) for one in sayings],
        [one.payload for one in sayings],
    )


_MOVE = """
INSERT INTO consumer_position AS p (topic, partition, epoch, owner, next_offset, cluster_id)
SELECT topic, partition, 1, $5, next_offset, $4
  FROM unnest($1::text[], $2::int[], $3::bigint[]) AS n (topic, partition, next_offset)
ON CONFLICT (topic, partition) DO UPDATE
   SET epoch = p.epoch + 1, owner = excluded.owner, next_offset = excluded.next_offset,
       cluster_id = excluded.cluster_id, caught_up_to = '-infinity'
"""

_RAISE_HEARD = """
INSERT INTO consumed AS c (key, source, last_seq, last_ce_id)
SELECT key, $2, $3, $4 FROM unnest($1::text[]) AS k (key)
ON CONFLICT (key, source) DO UPDATE SET last_seq = c.last_seq + excluded.last_seq
"""

_TAKE_OUT = """
DELETE FROM outbox WHERE key = ANY ($1::text[]) AND topic <> $2
RETURNING topic, key, seq, ce_id, type, headers, payload
"""

_PUT = """
INSERT INTO outbox (topic, key, seq, ce_id, type, headers, payload)
SELECT topic, key, seq, ce_id, type, headers, payload
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[], $5::text[], $6::jsonb[], $7::bytea[])
       WITH ORDINALITY AS m (topic, key, seq, ce_id, type, headers, payload, place)
 ORDER BY place
"""

_HEADERS = """
SELECT topic, partition, "offset" AS place, event_key, headers FROM {table}
 WHERE event_key IS NOT NULL AND {condition}
"""

_SAVE_HEADERS = 'UPDATE {table} SET headers = $4 WHERE topic = $1 AND partition = $2 AND "offset" = $3'
