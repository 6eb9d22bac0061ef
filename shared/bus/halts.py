"""Where a consumer has stopped taking: too much poison, or too much parked. It tries again by itself.

Poison stops every partition of the consumer, for the fault is most likely here; parking only the one that
holds the key. A halt ends when a record of its partition is taken again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog

from shared.bus import dead_letters
from shared.bus.ownership import Ownership
from shared.bus.poison import Overfull, PoisonGauge, TooMuchPoison
from shared.bus.positions import Place
from shared.bus.session import Session

TRY_AGAIN_AFTER = 15.0
"""Seconds until a stopped partition is tried again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Halt:
    """Why a partition is not taken from, and until when (monotonic seconds)."""

    detail: str
    until: float
    everywhere: bool


class Halts:
    """The halts of one consumer, by the partition of the record that was too much."""

    def __init__(self) -> None:
        self._halts: dict[Place, Halt] = {}

    @property
    def places(self) -> set[Place]:
        """Where the records lie that were too much."""
        return set(self._halts)

    @property
    def detail(self) -> str:
        """The first of them in words; empty when there is none."""
        return next((halt.detail for halt in self._halts.values()), "")

    def begin(self, error: Overfull, now: float) -> bool:
        """Stop where `error` says; whether that is new."""
        new = error.place not in self._halts
        everywhere = isinstance(error, TooMuchPoison)
        self._halts[error.place] = Halt(str(error), now + TRY_AGAIN_AFTER, everywhere)
        return new

    def stopped(self, places: Iterable[Place], now: float) -> set[Place]:
        """Those of `places` that nothing is taken from at `now`."""
        waiting = {place: halt for place, halt in self._halts.items() if halt.until > now}
        everywhere = any(halt.everywhere for halt in waiting.values())
        return {place for place in places if everywhere or place in waiting}

    def end(self, places: Iterable[Place]) -> None:
        """Records of these were taken, or they are no longer ours."""
        for place in places:
            self._halts.pop(place, None)

    def keep(self, places: Iterable[Place]) -> None:
        """Forget those of partitions that are not among these any more."""
        self.end(set(self._halts) - set(places))


@dataclass
class Brake:
    """Holds the client back in stopped partitions; positions, evidence and replays go on meanwhile."""

    ownership: Ownership
    poison: PoisonGauge
    halts: Halts = field(default_factory=Halts)
    stopped: set[Place] = field(default_factory=set)

    def apply(self, error: Overfull) -> None:
        """Stop where `error` says."""
        if self.halts.begin(error, self.ownership.clock.monotonic()):
            log.critical("consumer stopped", topic=error.place.topic, partition=error.place.partition, error=str(error))

    async def follow(self, session: Session) -> None:
        """Pause what is stopped, and go on from the position where the time has come to try again."""
        held = self.ownership.holdings.places
        self.halts.keep(held)
        stopped = self.halts.stopped(held, self.ownership.clock.monotonic())
        freed, self.stopped = self.stopped - stopped, stopped
        session.pause(stopped)
        if freed:
            await self._forgive()
            session.resume(freed & held)
            for place in freed & held:
                self.ownership.seek(session, place)

    def took(self, places: Iterable[Place]) -> None:
        """Records of these were committed."""
        ended = self.halts.places.intersection(places)
        self.halts.end(ended)
        for place in ended:
            log.warning("consumer goes on", topic=place.topic, partition=place.partition)

    async def _forgive(self) -> None:
        """What was set aside so far no longer counts once an operator has seen to all of it."""
        async with self.ownership.db.connection() as connection:
            if await dead_letters.open_letters(connection) == 0:
                self.poison.clear()
