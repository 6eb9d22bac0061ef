"""What the consumer remembers of keys: the last event of each source, and dead letters."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from shared.bus import outbox
from shared.bus.messages import MAX_PAYLOAD, Message
from shared.bus.parking import raw_headers, record_of
from shared.bus.records import CopyMark, Item, Record, printable
from shared.bus.triage import Known, Last, SourceKey, TopicKey
from shared.contracts.vocabulary import Topic
from shared.db import Tx
from shared.errors import Permanent, PermanentReason
from shared.ids import uuid7

_NO_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)
"""A dead letter brings its time in its own headers."""

MAX_HEADERS = 64 * 1024
"""Bytes of a dead letter's own headers that are announced: with the largest payload they fit a message."""


async def known_of(tx: Tx, items: Sequence[Item]) -> Known:
    """What is remembered of the keys of a batch, in one statement; in another where something cannot be taken."""
    asked = {
        (item.record.place.topic, item.record.key_text, item.received.source if item.received else "")
        for item in items
        if item.record.key_text is not None
    }
    columns = [list(column) for column in zip(*asked, strict=True)] or [[], [], []]
    rows = await tx.fetch(_KNOWN, *columns, PermanentReason.CONFLICTING_SEQUENCE)
    return Known(
        last={(r["key"], r["source"]): Last(r["last_seq"], r["last_ce_id"]) for r in rows if r["last_seq"] is not None},
        behind={(r["topic"], r["key"]): r["behind"] for r in rows if r["behind"] is not None},
        settled=await _settled(tx, [item.record for item in items if item.received is None or item.fault is not None]),
    )


async def _settled(tx: Tx, dead: Sequence[Record]) -> frozenset[tuple[TopicKey, CopyMark]]:
    """Of which settled dead letters these may be copies."""
    asked = {(r.place.topic, r.key_text, r.copy_mark[1]) for r in dead if r.key_text and r.copy_mark is not None}
    if not asked:
        return frozenset()
    letters = [record_of(row) for row in await tx.fetch(_SETTLED, *[list(c) for c in zip(*asked, strict=True)])]
    return frozenset(((one.place.topic, one.key_text or ""), one.copy_mark) for one in letters if one.copy_mark)


async def last_of(tx: Tx, key: str, source: str) -> Last | None:
    """The last event taken of one key and source."""
    row = await tx.fetchrow("SELECT last_seq, last_ce_id FROM consumed WHERE key = $1 AND source = $2", key, source)
    return None if row is None else Last(row["last_seq"], row["last_ce_id"])


async def remember(tx: Tx, last: Mapping[SourceKey, Last]) -> None:
    """Note the last event of each key and source."""
    if last:
        await tx.execute(
            _REMEMBER,
            [key for key, _ in last],
            [source for _, source in last],
            [entry.seq for entry in last.values()],
            [entry.ce_id for entry in last.values()],
        )


async def bury(tx: Tx, dead: Sequence[tuple[Item, Permanent]], *, service: str) -> None:
    """Keep each record whole in `dead_letter` and announce it on the topic of dead letters.

    A letter of an earlier log at the same place makes way for it and stays; the same record once more is the same
    letter, open again.
    """
    for item, fault in dead:
        record = item.record
        place = record.place
        await tx.execute(_MAKE_WAY, place.topic, place.partition, record.offset, record.dead_letter_id)
        await tx.execute(
            _BURY,
            record.dead_letter_id,
            place.topic,
            place.partition,
            record.offset,
            record.key,
            record.value,
            raw_headers(record),
            record.key_text,
            str(fault.reason),
            printable(str(fault)),
        )
    await outbox.enqueue(tx, [_announcement(item.record, fault, service) for item, fault in dead])


def _announcement(record: Record, fault: Permanent, service: str) -> Message:
    """The raw value with its own headers, and what was wrong with it."""
    headers = _headers_that_fit(record)
    value = record.value or b""
    fits = len(value) <= MAX_PAYLOAD
    return Message(
        topic=Topic.DEAD_LETTERS,
        key=record.key_text or str(record.dead_letter_id),
        seq=0,
        type=headers.get("ce_type", "unknown"),
        version=1,
        occurred_at=_NO_INSTANT,
        payload=value if fits else b"",
        ce_id=uuid7(),
        raw_headers={
            **headers,
            "tocsin_service": service,
            "tocsin_topic": record.place.topic,
            "tocsin_partition": str(record.place.partition),
            "tocsin_offset": str(record.offset),
            "tocsin_reason": str(fault.reason),
            "tocsin_error": printable(str(fault))[:1000],
            **({} if fits else {"tocsin_value": "left out: too large"}),
            **({} if len(headers) == len(dict(record.headers)) else {"tocsin_headers": "some left out: too large"}),
        },
    )


def _headers_that_fit(record: Record) -> dict[str, str]:
    """Its own headers as text, which is longer than bytes that are none; without those that find no room."""
    fitting: dict[str, str] = {}
    room = MAX_HEADERS
    for name, value in record.headers:
        shown = printable(name), _shown(value)
        size = sum(len(text.encode()) for text in shown)
        if size <= room:
            fitting[shown[0]] = shown[1]
            room -= size
    return fitting


def _shown(value: bytes | None) -> str:
    return printable((value or b"").decode("utf-8", "backslashreplace"))


_KNOWN = """
SELECT k.topic, k.key, k.source, c.last_seq, c.last_ce_id, d.id AS behind
  FROM unnest($1::text[], $2::text[], $3::text[]) AS k (topic, key, source)
  LEFT JOIN consumed c USING (key, source)
  LEFT JOIN LATERAL (
       SELECT id FROM dead_letter
        WHERE topic = k.topic AND event_key = k.key
          AND (state IN ('open', 'replaying') AND reason <> $4 OR draining)
        ORDER BY state NOT IN ('open', 'replaying') OR reason = $4, "offset" LIMIT 1) d ON true
"""

_SETTLED = """
SELECT d.topic, d.partition, d."offset", d.key, d.value, d.headers
  FROM dead_letter d JOIN unnest($1::text[], $2::text[], $3::bytea[]) AS a (topic, key, digest)
    ON d.topic = a.topic AND d.event_key = a.key AND sha256(coalesce(d.value, '')) = a.digest
 WHERE d.state IN ('replayed', 'discarded')
"""

_REMEMBER = """
INSERT INTO consumed AS c (key, source, last_seq, last_ce_id)
SELECT key, source, seq, ce_id
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[]) AS l (key, source, seq, ce_id)
ON CONFLICT (key, source) DO UPDATE
   SET last_seq = excluded.last_seq, last_ce_id = excluded.last_ce_id, seen_at = excluded.seen_at
"""

_MAKE_WAY = """
UPDATE dead_letter
   SET "offset" = least(0, (SELECT min("offset") FROM dead_letter WHERE topic = $1 AND partition = $2)) - 1
 WHERE topic = $1 AND partition = $2 AND "offset" = $3 AND id <> $4
"""

_BURY = """
INSERT INTO dead_letter (id, topic, partition, "offset", key, value, headers, event_key, reason, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE
   SET state = 'open', reason = excluded.reason, error = excluded.error, settled_at = NULL
 WHERE dead_letter.state IN ('replayed', 'discarded')
"""
