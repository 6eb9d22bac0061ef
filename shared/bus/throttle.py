"""How fast one key may go: so that no key puts more into its partition than readers take. Pure.

Each key has a bucket of tokens. What finds none stays in the outbox, in order, while other keys pass; the
key is then held, and read apart from the others until nothing of it waits any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

RATE = 200.0
"""Events of one key a second; a reader takes about 700 a second of all keys of its partitions."""

BURST = 300.0
"""Events of one key that go at once after a rest."""

WORTH_A_READ = 20.0
"""Tokens that a held key gathers before the outbox is read for it again."""

MANY = 10_000
"""Buckets after which those that are full again are forgotten."""


class Row(Protocol):
    """A row of the outbox."""

    @property
    def id(self) -> int:
        """Rising in the order of each key."""

    @property
    def key(self) -> str:
        """The key of its message."""


R = TypeVar("R", bound=Row)


@dataclass
class Bucket:
    """Tokens as they were at an instant (monotonic seconds)."""

    tokens: float
    at: float


@dataclass(frozen=True)
class Turn:
    """A held key that may send again, from which id on, and how many events."""

    key: str
    beyond: int
    limit: int


@dataclass
class Throttle:
    """The buckets of one relay, and the keys that it holds."""

    held: dict[str, int] = field(default_factory=dict)
    """By key, an id before the first of its rows that still wait."""
    _buckets: dict[str, Bucket] = field(default_factory=dict)

    def admit(self, rows: Sequence[R], now: float) -> list[R]:
        """Those of `rows` (in the order of ids) that may go now; the keys of the others are held from here on."""
        self._forget_full(now)
        admitted, stopped = [], set()
        for row in rows:
            if row.key not in stopped and self._take(row.key, now):
                admitted.append(row)
            elif row.key not in stopped:
                stopped.add(row.key)
                self.held[row.key] = row.id - 1
        return admitted

    def turn(self, now: float) -> Turn | None:
        """What may be read of the held key that has gathered most; None while all have little.

        One at a time: read together, the rows of the longest backlog would stand before those of every other.
        """
        tokens = {key: self._tokens(key, now) for key in self.held}
        ready = max(tokens, key=lambda key: tokens[key], default=None)
        if ready is None or tokens[ready] < WORTH_A_READ:
            return None
        return Turn(ready, self.held[ready], int(tokens[ready]))

    def serve(self, turn: Turn, rows: Sequence[R], now: float) -> list[R]:
        """Of what was read for `turn`, what may go now. A key of which nothing is left over is held no longer."""
        del self.held[turn.key]
        admitted = self.admit(rows, now)
        if len(rows) == turn.limit:  # there may be more
            self.held.setdefault(turn.key, admitted[-1].id if admitted else turn.beyond)
        return admitted

    def release(self) -> None:
        """Hold nobody: the outbox is about to be read from its beginning. Tokens stay spent."""
        self.held.clear()

    def _take(self, key: str, now: float) -> bool:
        left = self._tokens(key, now)
        if left < 1:
            return False
        self._buckets[key] = Bucket(left - 1, now)
        return True

    def _tokens(self, key: str, now: float) -> float:
        bucket = self._buckets.get(key)
        return BURST if bucket is None else min(BURST, bucket.tokens + (now - bucket.at) * RATE)

    def _forget_full(self, now: float) -> None:
        if len(self._buckets) > MANY:
            self._buckets = {k: bucket for k, bucket in self._buckets.items() if self._tokens(k, now) < BURST}
