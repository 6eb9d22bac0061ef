"""What was set aside of cases whose time is over: dead letters and parked events lose their texts and stay.

In a service that follows intake. Behind an open dead letter nothing of its case is taken, so what the service knows
of it may be old: what waits there tells, too, whether the case is resolved, and whether it is held.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.bus.parking import record_of
from shared.bus.records import read
from shared.db import Tx
from shared.protection.store import Counts, lock_letters, scrub_case

AT_ONCE = 100

Told = Mapping[str, Any]
"""A `CaseSummary` as it came."""

Erase = Callable[[Tx, UUID], Awaitable[Counts]]
"""Takes the words about a case out of the rows of the service."""


def is_due(told: Sequence[Told], cutoff: datetime, now: datetime) -> bool:
    """Whether the newest of what was told says: resolved before `cutoff`, and none of it: held."""
    if not told or any(_instant(one, "preserve_until", now) > now for one in told):
        return False
    newest = max(told, key=lambda one: int(one.get("version", 0)))
    return newest.get("status") == "resolved" and _instant(newest, "resolved_at", now) < cutoff


async def keys_after(tx: Tx, key: str) -> list[str]:
    """The next cases of which something was set aside, in order."""
    return [row["event_key"] for row in await tx.fetch(_KEYS, key, AT_ONCE)]


async def erase_if_due(tx: Tx, key: str, erase: Erase, *, cutoff: datetime, gone: datetime, now: datetime) -> Counts:
    """Erase what was set aside of one case if its time is over; by table, how many rows lost something.

    Of a case that is unknown here (it was removed, or its first event was set aside) the letters' own age counts:
    all older than `gone`.
    """
    case_id = UUID(key)
    await lock_letters(tx, case_id)
    row = await tx.fetchrow("SELECT summary FROM cases WHERE case_id = $1 FOR UPDATE", case_id)
    told = [*_told_by(row and row["summary"]), *await _told_aside(tx, key)]
    due = is_due(told, cutoff, now) if told else await tx.fetchval(_ALL_OLDER, key, gone)
    return {**await erase(tx, case_id), **await scrub_case(tx, case_id)} if due else {}


async def _told_aside(tx: Tx, key: str) -> list[Told]:
    """By the letters and the last of what is parked; a record that is no event of ours tells nothing."""
    found: list[Told] = []
    for row in await tx.fetch(_ASIDE, key):
        received = read(record_of(row)).received
        found += _told_by(received and received.value.get("case"))
    return found


def _told_by(summary: Any) -> list[Told]:
    return [summary] if isinstance(summary, Mapping) else []


def _instant(told: Told, name: str, otherwise: datetime) -> datetime:
    text = told.get(name)
    return otherwise if text is None else datetime.fromisoformat(text)


_KEYS = """
SELECT DISTINCT event_key FROM dead_letter
 WHERE event_key > $1 AND event_key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
 ORDER BY event_key LIMIT $2
"""

_ALL_OLDER = "SELECT coalesce(max(created_at) < $2, false) FROM dead_letter WHERE event_key = $1"

_ASIDE = """
SELECT topic, partition, "offset", key, value, headers FROM dead_letter WHERE event_key = $1
UNION ALL
(SELECT topic, partition, "offset", convert_to(event_key, 'UTF8'), value, headers FROM parked_event
  WHERE event_key = $1 ORDER BY parked_at DESC, "offset" DESC LIMIT 50)
"""
