"""Who of those that wait is admitted next, and who must not queue up any further. Pure.

By severity, critical first; within a severity the sources take turns; within both, in the order of arrival.
One pick in `SHARE` goes to a lower severity than the highest that waits, and those take turns too, so that
nothing starves: who has n before it in its own line, among s sources, is picked within
`SHARE` · 3 · s · (n + 1) picks, whatever else comes.
Both bounds are a source's own: one that floods is refused, and never anybody else because of it.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shared.contracts.vocabulary import Severity

T = TypeVar("T")

SHARE = 8

ORDER = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may wait: entries and bytes of one source, and of all together.

    When all together have reached theirs, a source is refused that has its even share of it or more. So
    twice `all_entries` is never exceeded, nor twice `all_bytes` by more than one entry of each source.
    """

    entries: int = 2_000
    size: int = 32 * 1024 * 1024
    all_entries: int = 10_000
    all_size: int = 128 * 1024 * 1024


@dataclass(slots=True)
class Held:
    """What one source, or all together, have waiting."""

    entries: int = 0
    size: int = 0

    def add(self, entries: int, size: int) -> None:
        """Count what came, or (negative) what left."""
        self.entries += entries
        self.size += size


@dataclass
class _Line(Generic[T]):
    """What waits at one severity: a queue for each source, the one whose turn it is in front."""

    sources: OrderedDict[str, deque[tuple[T, int]]] = field(default_factory=OrderedDict)

    def pop(self) -> tuple[str, T, int]:
        source, queue = next(iter(self.sources.items()))
        entry, size = queue.popleft()
        if queue:
            self.sources.move_to_end(source)
        else:
            del self.sources[source]
        return source, entry, size


class FairQueue(Generic[T]):
    """Entries by severity and source."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._lines: dict[Severity, _Line[T]] = {severity: _Line() for severity in ORDER}
        self._held: dict[str, Held] = {}
        self._all = Held()
        self._picks = 0
        self._lower = 0

    def __len__(self) -> int:
        return self._all.entries

    def admits(self, source: str) -> bool:
        """Whether this source may queue up one more."""
        held, bounds, everything = self._held.get(source, Held()), self._bounds, self._all
        if held.entries >= bounds.entries or held.size >= bounds.size:
            return False
        sources = len(self._held) + (source not in self._held)
        crowded = everything.entries >= bounds.all_entries and held.entries * sources >= bounds.all_entries
        heavy = everything.size >= bounds.all_size and held.size * sources >= bounds.all_size
        return not (crowded or heavy)

    def add(self, entry: T, *, source: str, severity: Severity, size: int) -> None:
        """Let an entry of `size` bytes wait."""
        self._lines[severity].sources.setdefault(source, deque()).append((entry, size))
        self._held.setdefault(source, Held()).add(1, size)
        self._all.add(1, size)

    def take(self, *, entries: int, size: int) -> list[T]:
        """The next ones: at most `entries`, and no more once they have `size` bytes."""
        taken: list[T] = []
        room = size
        while self._all.entries and len(taken) < entries and room > 0:
            source, entry, weight = self._lines[self._next()].pop()
            self._left(source, weight)
            taken.append(entry)
            room -= weight
        return taken

    def _next(self) -> Severity:
        """Whose turn it is; only asked while something waits."""
        waiting = [severity for severity in ORDER if self._lines[severity].sources]
        self._picks += 1
        if len(waiting) == 1 or self._picks % SHARE:
            return waiting[0]
        self._lower += 1
        return waiting[1 + self._lower % (len(waiting) - 1)]

    def _left(self, source: str, size: int) -> None:
        self._all.add(-1, -size)
        held = self._held[source]
        held.add(-1, -size)
        if not held.entries:
            del self._held[source]
