"""The `platform` page: nobody pages for what Tocsin itself no longer sees, so it pages for that.

When no consumer of this service has reached the end of any partition for 60 s, by this process's own clock.
Needs PostgreSQL, not Kafka. Never sooner than 60 s after the start. After this process or the database was frozen
or away, consumers first get the time that they need to come back: what was not watched alone is not silence. So the
page leaves within 90 s of Kafka's end also when PostgreSQL was away for a while in between.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog

from services.notifier.paging import Paging
from services.notifier.paging_rules import Occasion, first_match
from services.notifier.rulebooks import Rulebooks
from services.notifier.store import listing
from shared.clock import Clock
from shared.components.component import Check
from shared.components.loops import Loop
from shared.contracts.vocabulary import PageReasonKind
from shared.db import Database

LOOK_EVERY = 1.0
SILENT_AFTER = 60.0
BLIND_AFTER = 5.0
"""Seconds between two looks beyond which what lies between them was not watched."""

GRACE = 15.0
"""Seconds to be watched after that: consumers claim their partitions again, and say so, well within it."""

CAUGHT_UP = "caught_up"
SUMMARY = "Tocsin has not caught up with Kafka for a minute: it does not see new cases or breaches."

log = structlog.get_logger(__name__)


@dataclass
class Silence:
    """How long the last instant of being caught up has stood still. Pure: times are passed in."""

    since: float
    looked_at: float
    watched_from: float = float("-inf")
    seen: datetime | None = None
    first: bool = True

    def look(self, caught_up: datetime | None, now: float) -> bool:
        """Take what is seen at `now` (monotonic seconds); whether it has moved on since the last look."""
        moved = not self.first and caught_up != self.seen
        if moved:
            self.since = now
        if now - self.looked_at > BLIND_AFTER:
            self.watched_from = now
        self.seen, self.looked_at, self.first = caught_up, now, False
        return moved

    @property
    def seconds(self) -> float:
        """How long it has been silent."""
        return self.looked_at - self.since

    @property
    def lasts(self) -> bool:
        """Whether it has lasted so long that somebody must know, and was watched at its end."""
        return self.seconds >= SILENT_AFTER and self.looked_at - self.watched_from >= GRACE


class PlatformWatch:
    """A component: looks once a second, opens the page and closes it again."""

    name = "platform watch"

    def __init__(self, db: Database, paging: Paging, rulebooks: Rulebooks, clock: Clock) -> None:
        self._db = db
        self._paging = paging
        self._rulebooks = rulebooks
        self._clock = clock
        self._silence = Silence(clock.monotonic(), clock.monotonic())
        self._paged: bool | None = None
        self._loop = Loop(self.name, self.look, interval=LOOK_EVERY, clock=clock)

    async def start(self) -> None:
        """Begin to watch; silence counts from here."""
        self._silence = Silence(self._clock.monotonic(), self._clock.monotonic())
        await self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    def check(self) -> Check:
        return self._loop.check()

    async def look(self) -> None:
        """One look."""
        async with self._db.connection() as connection:
            caught_up = await listing.last_caught_up(connection)
        moved = self._silence.look(caught_up, self._clock.monotonic())
        if moved and self._paged is not False:
            await self._close()
        elif self._silence.lasts and not self._paged:
            await self._open()

    async def _open(self) -> None:
        rule = first_match(self._rulebooks.configuration.oncall.paging, Occasion(PageReasonKind.PLATFORM))
        log.error("not caught up with Kafka", seconds=round(self._silence.seconds), pages=rule is not None)
        if rule is not None:
            async with self._db.transaction() as tx:
                case = await self._paging.open_platform(tx, policy=rule.policy, urgency=rule.urgency, summary=SUMMARY)
            self._paging.done([case] if case else [])
        self._paged = True

    async def _close(self) -> None:
        async with self._db.transaction() as tx:
            closed = await self._paging.close_platform(tx, CAUGHT_UP)
        self._paging.done(closed)
        self._paged = False
