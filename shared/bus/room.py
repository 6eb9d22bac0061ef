"""Room in the outbox: while Kafka is away events collect there, and beyond a bound commands are refused.

Reads the table `outbox`, once a second on every instance, so that no request has to count. What is already
on its way through the system (breaches, offers, pages) is not refused: it grows with the cases, not with
the callers. The bound is exceeded by at most what is accepted between two looks.
"""

from dataclasses import dataclass

import structlog

from shared.clock import Clock
from shared.components.component import Check
from shared.components.loops import Loop
from shared.db import Database
from shared.errors import Transient

LOOK_EVERY = 1.0

RETRY_AFTER = 5.0
"""Seconds that a refused caller is told to wait."""

COSTLY = 10
"""A count is repeated after so many times what it took, for a full table is not counted in a moment."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Bound:
    """At most so many rows, and so many bytes of payload."""

    rows: int
    size: int


class Room:
    """A component. `require` before anything is stored on behalf of a caller."""

    name = "outbox"

    def __init__(self, db: Database, clock: Clock, bound: Bound) -> None:
        self._db = db
        self._clock = clock
        self._bound = bound
        self._loop = Loop(self.name, self.look, interval=LOOK_EVERY, clock=clock, longest_pause=LOOK_EVERY)
        self._counted_until = float("-inf")
        self._full = ""

    async def start(self) -> None:
        """Begin to look."""
        await self._loop.start()

    async def stop(self) -> None:
        """End."""
        await self._loop.stop()

    def check(self) -> Check:
        """Not ready while there is no room."""
        return Check(ok=False, detail=self._full) if self._full else self._loop.check()

    def require(self) -> None:
        """Raise `Transient` while there is no room for more."""
        if self._full:
            raise Transient(self._full, retry_after=RETRY_AFTER)

    async def look(self) -> None:
        """See whether there is room. What is surely small is not counted."""
        now = self._clock.monotonic()
        if now < self._counted_until:
            return
        async with self._db.connection() as connection:
            row = await connection.fetchrow(_ESTIMATE)
            assert row is not None
            rows, size = row["span"], row["bytes"]
            if rows >= self._bound.rows or size >= self._bound.size:
                row = await connection.fetchrow(_COUNT)
                assert row is not None
                rows, size = row["rows"], row["bytes"]
                self._counted_until = now + COSTLY * (self._clock.monotonic() - now)
        self._found(rows, size)

    def _found(self, rows: int, size: int) -> None:
        full = rows >= self._bound.rows or size >= self._bound.size
        if full != bool(self._full):
            log.warning("outbox full" if full else "outbox has room again", rows=rows, bytes=size)
        self._full = f"{rows} events of {size} bytes wait for Kafka: the outbox is full" if full else ""


_ESTIMATE = """
SELECT coalesce((SELECT max(id) FROM outbox) - (SELECT min(id) FROM outbox) + 1, 0) AS span,
       pg_table_size('outbox') AS bytes
"""
"""Both are never below the truth: ids have gaps, and a table holds more than its payloads."""

_COUNT = "SELECT count(*) AS rows, coalesce(sum(octet_length(payload)), 0)::bigint AS bytes FROM outbox"
