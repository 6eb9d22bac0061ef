"""Parked events: those that wait behind a dead letter of their key, how many may, and their way out again."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.bus.poison import Overfull
from shared.bus.positions import Place
from shared.bus.records import Identity, Item, Record, printable
from shared.db import Row, Tx

RUNBOOK = "see docs/runbooks/dead-letters.md"


@dataclass(frozen=True)
class ParkingLimits:
    """How many events one key may park, and the service in all."""

    per_key: int = 10_000
    in_all: int = 50_000


PARKING_LIMITS = ParkingLimits()


class TooMuchParked(Overfull):
    """So much is parked that its partition stops rather than to set aside still more."""


async def park(tx: Tx, parked: Sequence[tuple[Item, UUID]], limits: ParkingLimits) -> None:
    """Keep events that follow a dead letter of their key, to be taken after it; raises `TooMuchParked`.

    What is parked of an earlier log (another cluster, a topic made anew) makes way for them and stays before them;
    the same record once more is parked once.
    """
    if not parked:
        return
    for place in {item.record.place for item, _ in parked}:
        await _make_way(tx, place, [item.record for item, _ in parked if item.record.place == place])
    rows = [(*_place_of(item.record), raw_headers(item.record), behind) for item, behind in parked]
    await tx.executemany(_PARK, rows)
    await _see_that_it_fits(tx, parked, limits)


async def parked_behind(tx: Tx, letter_id: UUID, *, limit: int) -> list[Record]:
    """The first `limit` events that wait behind a dead letter, in order."""
    return [record_of(row) for row in await tx.fetch(_BEHIND, letter_id, limit)]


async def another_waits(tx: Tx, letter_id: UUID, identity: Identity) -> bool:
    """Whether an event of the same number, under another id, waits behind a dead letter."""
    same = [_raw("ce_source", identity.source.encode()), _raw("ce_sequence", str(identity.seq).encode())]
    own = [_raw("ce_id", str(identity.ce_id).encode())]
    return bool(await tx.fetchval(_ANOTHER, letter_id, same, own))


async def let_go(tx: Tx, records: Sequence[Record]) -> None:
    """These have been taken, dropped or buried: they wait no longer."""
    await tx.execute(
        _LET_GO,
        [record.place.topic for record in records],
        [record.place.partition for record in records],
        [record.offset for record in records],
    )


async def move_behind(tx: Tx, letter_id: UUID, new: UUID) -> None:
    """What waits behind one dead letter waits behind another from now on."""
    await tx.execute("UPDATE parked_event SET behind = $2 WHERE behind = $1", letter_id, new)


def raw_headers(record: Record) -> list[list[str]]:
    """Names and values in base64: a header may hold any bytes."""
    return [_raw(name, value) for name, value in record.headers]


def record_of(row: Row) -> Record:
    """The record as it came, from a row of `dead_letter` or of `parked_event`."""
    headers = tuple((name, base64.b64decode(value)) for name, value in row["headers"])
    return Record(Place(row["topic"], row["partition"]), row["offset"], row["key"], row["value"], headers)


def _raw(name: str, value: bytes | None) -> list[str]:
    return [printable(name), base64.b64encode(value or b"").decode()]


def _place_of(record: Record) -> tuple[object, ...]:
    return record.place.topic, record.place.partition, record.offset, record.key_text, record.value


async def _make_way(tx: Tx, place: Place, records: Sequence[Record]) -> None:
    """Move what an earlier log left at these offsets or behind them before all offsets, in the order it has."""
    offsets = [record.offset for record in records]
    rows = await tx.fetch(_MET, place.topic, place.partition, offsets, min(offsets))
    met = {row["offset"]: (row["event_key"], row["value"], row["headers"]) for row in rows}
    others = [r for r in records if r.offset in met and met[r.offset] != (r.key_text, r.value, raw_headers(r))]
    if others or (met and min(offsets) not in met):
        await tx.execute(_MOVE, place.topic, place.partition)


async def _see_that_it_fits(tx: Tx, parked: Sequence[tuple[Item, UUID]], limits: ParkingLimits) -> None:
    keys = {(item.record.place.topic, item.record.key_text or "") for item, _ in parked}
    row = await tx.fetchrow(_COUNT, [topic for topic, _ in keys], [key for _, key in keys])
    assert row is not None
    place = parked[-1][0].record.place
    if row["of_key"] > limits.per_key:
        raise TooMuchParked(place, f"more than {limits.per_key} events of one key are parked; {RUNBOOK}")
    if row["in_all"] > limits.in_all:
        raise TooMuchParked(place, f"more than {limits.in_all} events are parked in all; {RUNBOOK}")


_PARK = """
INSERT INTO parked_event (topic, partition, "offset", event_key, value, headers, behind)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
"""

_MET = """
SELECT "offset", event_key, value, headers FROM parked_event
 WHERE topic = $1 AND partition = $2
   AND ("offset" = ANY ($3::bigint[])
        OR "offset" = (SELECT min("offset") FROM parked_event WHERE topic = $1 AND partition = $2 AND "offset" >= $4))
"""

_MOVE = """
UPDATE parked_event p SET "offset" = p."offset" - span.width
  FROM (SELECT max("offset") - least(0, min("offset")) + 1 AS width
          FROM parked_event WHERE topic = $1 AND partition = $2) span
 WHERE p.topic = $1 AND p.partition = $2
"""

_BEHIND = """
SELECT topic, partition, "offset", convert_to(event_key, 'UTF8') AS key, value, headers
  FROM parked_event WHERE behind = $1 ORDER BY "offset" LIMIT $2
"""

_ANOTHER = """
SELECT EXISTS (SELECT FROM parked_event WHERE behind = $1 AND headers @> $2 AND NOT headers @> $3)
"""

_LET_GO = """
DELETE FROM parked_event p
 USING unnest($1::text[], $2::int[], $3::bigint[]) AS g (topic, partition, "offset")
 WHERE p.topic = g.topic AND p.partition = g.partition AND p."offset" = g."offset"
"""

_COUNT = """
SELECT (SELECT count(*) FROM parked_event) AS in_all,
       (SELECT max(n) FROM (
           SELECT count(*) AS n FROM parked_event p
             JOIN unnest($1::text[], $2::text[]) AS k (topic, key) ON p.topic = k.topic AND p.event_key = k.key
            GROUP BY p.topic, p.event_key) AS counted) AS of_key
"""
