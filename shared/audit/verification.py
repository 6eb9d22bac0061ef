"""Walks the chain of one service from end to end, and names the first row that does not fit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.audit import store
from shared.audit.chain import Row, Walk
from shared.audit.store import Ends
from shared.db import Database, Tx

AT_ONCE = 2000
SEALED_WITHIN = timedelta(minutes=5)
"""A running service seals within a second or two; what waits longer is a fault."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: `rows` fitted, up to `position` and its hash in hex; `fault` is None when all is well.

    `removed`: how many rows retention took from the beginning.
    """

    rows: int
    position: int
    tip: str
    removed: int
    fault: str | None


async def verify(db: Database, progress: Callable[[int, int], None]) -> Verdict:
    """Walk the chain; `progress` is told how many of how many rows were walked."""
    async with db.connection() as connection:
        ends = await store.ends(connection)
        walk = Walk(ends.anchor)
        fault = await _walk(connection, walk, ends, progress) or await _around(connection, ends, walk)
    removed = ends.anchor.position
    return Verdict(max(0, walk.tip.position - removed), walk.tip.position, walk.tip.hash.hex(), removed, fault)


async def _walk(connection: Tx, walk: Walk, ends: Ends, progress: Callable[[int, int], None]) -> str | None:
    """Up to the tip as it was when we began: what is sealed meanwhile is for the next time."""
    first = ends.anchor.position
    while walk.tip.position < ends.tip.position:
        rows = await store.sealed(connection, after=walk.tip.position, upto=ends.tip.position, limit=AT_ONCE)
        if not rows:
            return f"the chain ends at position {walk.tip.position}; it was sealed up to {ends.tip.position}"
        if rows[0].position != walk.tip.position + 1:
            anchor = (await store.ends(connection)).anchor
            if anchor.position > walk.tip.position:  # retention went past us
                walk.tip = anchor
                continue
        for row in rows:
            if wrong := walk.take(row):
                return f"{named(row)}: {wrong}"
        progress(walk.tip.position - first, ends.tip.position - first)
    return None


async def _around(connection: Tx, ends: Ends, walk: Walk) -> str | None:
    """What no row of the chain tells: its ends, and rows that never got into it."""
    if walk.tip.position == ends.tip.position and walk.tip.hash != ends.tip.hash:
        return f"position {walk.tip.position}: the chain was sealed with another end"
    if ends.last > ends.tip.position:
        forged = await store.sealed(connection, after=ends.tip.position, upto=ends.last, limit=1)
        return f"{named(forged[0])}: it stands behind the end of the chain, where nothing was sealed"
    if ends.anchor.position and not await store.tells_of_anchor(connection, (await store.ends(connection)).anchor):
        return f"the chain begins behind position {ends.anchor.position}, and no entry says that retention removed it"
    waiting = await store.oldest_unsealed(connection, SEALED_WITHIN)
    if waiting is not None:
        return f"{named(waiting)}: written at {waiting.at.isoformat()} and not sealed yet; does the service run?"
    return None


def named(row: Row) -> str:
    """A row as faults name it."""
    return f"position {row.position} (row {row.id}, {row.action} by {row.actor_id})"
