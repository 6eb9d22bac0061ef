"""What this process holds: claimed partitions, the position that is committed in each, and what it may take.

Records are taken only from held partitions and only where the last batch ended; anything else is dropped
and sought again. Whatever aiokafka believes about positions does not count.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from shared.bus.caught_up import Ends
from shared.bus.positions import Advance, Claim, Place
from shared.bus.records import Record


@dataclass(frozen=True)
class Held:
    """One claimed partition. `sought` is the offset that was last sought: reading on from it is reading in order.

    `polls` is how many polls had begun by then: what those bring was fetched from elsewhere.
    """

    epoch: int
    next_offset: int
    sought: int | None = None
    polls: int = 0

    def believes(self, poll: int) -> bool:
        """Whether a first offset beyond the position, brought by the poll of this number, is a hole in the log."""
        return self.sought == self.next_offset and poll > self.polls


@dataclass(frozen=True)
class Taken:
    """Records that may be worked on, and places to be sought first because others came."""

    records: list[Record]
    seek: list[Place]


class Holdings:
    """The held partitions of one consumer."""

    def __init__(self, ends: Ends) -> None:
        self._held: dict[Place, Held] = {}
        self._ends = ends

    @property
    def places(self) -> set[Place]:
        """All held partitions."""
        return set(self._held)

    def of(self, place: Place) -> Held | None:
        """One of them."""
        return self._held.get(place)

    def hold(self, claim: Claim) -> None:
        """A claim was committed."""
        self._held[claim.place] = Held(claim.epoch, claim.next_offset)

    def drop(self, places: Iterable[Place]) -> None:
        """No longer ours: revoked, or claimed by another."""
        for place in places:
            self._held.pop(place, None)
            self._ends.forget(place)

    def move(self, place: Place, next_offset: int) -> None:
        """The database says that the position is another than we thought; it must be sought."""
        self._held[place] = replace(self._held[place], next_offset=next_offset, sought=None)

    def sought(self, place: Place, polls: int) -> None:
        """The client was told to read on at the position, when so many polls had begun."""
        held = self._held[place]
        self._held[place] = replace(held, sought=held.next_offset, polls=polls)

    def take(self, place: Place, records: Sequence[Record], poll: int) -> Taken:
        """What of `records` (one partition, in order, brought by the poll of this number) comes next.

        A first offset beyond the position is a hole in the log only if the position itself was sought before the
        poll began; after a failed batch the records behind it may have been fetched already.
        """
        held = self._held.get(place)
        if held is None:
            return Taken([], [])
        fresh = [record for record in records if record.offset >= held.next_offset]
        if fresh and fresh[0].offset > held.next_offset and not held.believes(poll):
            return Taken([], [place])
        return Taken(fresh, [])

    def steps(self, records: Sequence[Record]) -> list[Advance]:
        """How the positions move when `records` (each partition's in one run) are committed."""
        steps = []
        for place, run in groupby(records, key=lambda record: record.place):
            held = self._held[place]
            to = max(record.offset for record in run) + 1
            steps.append(Advance(place, held.epoch, held.next_offset, to, self._ends.reached(place, to)))
        return steps

    def advanced(self, steps: Iterable[Advance]) -> None:
        """They were committed."""
        for step in steps:
            held = self._held.get(step.place)
            if held is not None:
                self._held[step.place] = replace(held, next_offset=step.to)
