"""The loop that keeps `caught_up_to` true and young, and watches over the lag and over Kafka's answers."""

import structlog

from shared.bus import positions
from shared.bus.caught_up import DatabaseTime, Ends
from shared.bus.holdings import Holdings
from shared.bus.positions import Place
from shared.bus.session import Session
from shared.clock import Clock
from shared.components.component import Check
from shared.components.loops import Loop
from shared.db import Database
from shared.errors import Transient

SILENCE_LIMIT = 3.0
"""Seconds without an answer about the ends of partitions after which the service is not ready."""

LONGEST_PAUSE = 0.5

log = structlog.get_logger(__name__)


class Watermark:
    """Asks for ends each `interval` seconds and marks what has been reached, one statement for all."""

    def __init__(self, db: Database, holdings: Holdings, ends: Ends, clock: Clock, *, interval: float) -> None:
        self._db = db
        self._holdings = holdings
        self._ends = ends
        self._clock = clock
        self._time = DatabaseTime()
        self._loop = Loop("caught up", self._step, interval=interval, clock=clock, longest_pause=LONGEST_PAUSE)
        self._session: Session | None = None
        self._latest: dict[Place, int] = {}
        self._answered_at = clock.monotonic()

    async def start(self) -> None:
        """Begin; without a session it waits."""
        self._answered_at = self._clock.monotonic()
        await self._loop.start()

    async def stop(self) -> None:
        """End."""
        await self._loop.stop()

    def use(self, session: Session | None) -> None:
        """Ask this session from now on."""
        self._session = session
        self._answered_at = self._clock.monotonic()

    @property
    def answering(self) -> bool:
        """Whether Kafka has answered lately."""
        return self._clock.monotonic() - self._answered_at < SILENCE_LIMIT

    def lag(self) -> dict[str, int]:
        """Records between the positions and the ends last seen, by topic."""
        lag: dict[str, int] = {}
        for place in self._holdings.places:
            held = self._holdings.of(place)
            behind = max(0, self._latest.get(place, 0) - held.next_offset) if held else 0
            lag[place.topic] = lag.get(place.topic, 0) + behind
        return lag

    def check(self) -> Check:
        """Not ready while Kafka does not answer or the marks cannot be written."""
        if self._session is not None and self._holdings.places and not self.answering:
            return Check(ok=False, detail="Kafka does not answer")
        return self._loop.check()

    async def _step(self) -> None:
        session, places = self._session, self._holdings.places
        if session is None or not places:
            self._answered_at = self._clock.monotonic()
            return
        at = self._time.at(self._clock.monotonic())
        try:
            ends = await session.ends(places)
        except Transient:
            if session is self._session:
                raise
            return  # closed under the question
        self._answered_at = self._clock.monotonic()
        self._latest = ends
        if at is not None:
            self._ends.saw(ends, at + self._db.offset)
        await self._mark()

    async def _mark(self) -> None:
        """Write what was reached, and hear the database's clock."""
        marks = []
        for place in self._holdings.places:
            held = self._holdings.of(place)
            at = self._ends.reached(place, held.next_offset) if held else None
            if held is not None and at is not None:
                marks.append((place, held.epoch, at))
        async with self._db.connection() as connection:
            instant = await positions.mark_caught_up(connection, marks)
        self._time.tell(instant, self._clock.monotonic())
