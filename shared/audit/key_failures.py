"""Keys that were refused: counted in memory as requests come, recorded once a minute.

A flood fills neither the table nor the memory: there is one entry a minute for each principal, reason, scope and
client, and beyond `MOST` of them one for all others. No key, hash of one, or path is kept.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from shared.audit.entries import Entry
from shared.audit.store import record
from shared.clock import Clock
from shared.components.loops import Loop
from shared.db import Database

EVERY = 60.0
MOST = 200
OTHERS = "others"
ACTION = "key.refused"


class Failure(Protocol):
    """A key that was refused, as the edge tells of it."""

    @property
    def fault(self) -> str: ...

    @property
    def principal(self) -> str | None: ...

    @property
    def needed(self) -> str | None: ...

    @property
    def client(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose key it was, as far as that is known."""

    kind: str
    id: str


UNKNOWN = Holder("unknown", "unknown")


@dataclass(frozen=True, slots=True)
class _Kind:
    """Failures that make one entry."""

    fault: str
    principal: str | None
    needed: str | None
    client: str


class KeyFailures(Loop):
    """`note` neither waits nor raises. What is counted when PostgreSQL is away is written when it is back."""

    def __init__(self, db: Database, clock: Clock) -> None:
        super().__init__("key failures", self.write, interval=EVERY, clock=clock)
        self._db = db
        self._counts: Counter[_Kind] = Counter()

    def note(self, failure: Failure) -> None:
        """Count one."""
        client = failure.client or UNKNOWN.id
        needed = None if failure.needed is None else str(failure.needed)
        kind = _Kind(str(failure.fault), failure.principal, needed, client)
        if kind not in self._counts and len(self._counts) >= MOST:
            kind = _Kind(kind.fault, None, None, OTHERS)
        self._counts[kind] += 1

    async def write(self) -> None:
        """Record what was counted since the last time."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            async with self._db.transaction() as tx:
                await record(tx, [_entry(kind, count) for kind, count in counts.items()])
        except BaseException:
            self._counts.update(counts)
            raise

    async def stop(self) -> None:
        """Write the rest."""
        await super().stop()
        await self.write()


def _entry(kind: _Kind, count: int) -> Entry:
    holder = UNKNOWN if kind.principal is None else Holder("principal", kind.principal)
    return Entry(holder, ACTION, f"client {kind.client}", {"reason": kind.fault, "scope": kind.needed, "count": count})
