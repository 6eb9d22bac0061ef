"""The consumer: takes events of other services' topics into this service's schema, each exactly once.

Consumes the topics it is given, emits dead letters. The position lives in the database and advances in
the transaction of the work, so that Kafka's own commits are only a hint for lag tools.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence

import structlog

from shared.bus import dead_letters, positions
from shared.bus.caught_up import Ends
from shared.bus.halts import Brake
from shared.bus.holdings import Holdings
from shared.bus.kafka import MAX_POLL_RECORDS
from shared.bus.metrics import ConsumerMetrics
from shared.bus.ownership import Ownership
from shared.bus.parking import PARKING_LIMITS, ParkingLimits
from shared.bus.poison import Overfull, PoisonGauge
from shared.bus.positions import Place
from shared.bus.records import Item, Record, read
from shared.bus.replay import Replay
from shared.bus.session import Misplaced, Session
from shared.bus.watermark import Watermark
from shared.bus.work import Handle, SetAside, Work
from shared.clock import Clock
from shared.components.component import READY, Check
from shared.components.crash import CrashPoint, crash_point
from shared.components.loops import Loop, pause_after
from shared.components.watchdog import Watchdog
from shared.contracts.vocabulary import Topic
from shared.db import Database, Tx
from shared.db.leases import process_owner
from shared.errors import Transient
from shared.observability.metrics import Metrics
from shared.settings import KafkaSettings

POLL_TIMEOUT = 0.1
"""Seconds; also how soon a new assignment is noticed."""

MARK_EVERY = 0.05
HINT_EVERY = 5.0
LONGEST_PAUSE = 0.5
"""Seconds until the next attempt while PostgreSQL or Kafka is away."""

STUCK_AFTER = 60
"""Ticks of the watchdog (seconds) with records waiting, Kafka answering and nothing taken."""

log = structlog.get_logger(__name__)


def batches_of(records: Sequence[Record], largest: int) -> Iterator[Sequence[Record]]:
    """The records in order, in transactions of at most `largest`."""
    return (records[start : start + largest] for start in range(0, len(records), largest))


async def nothing_more(_tx: Tx, _items: Sequence[Item]) -> None:
    """What is set aside is kept as it came."""


class Consumer:
    """A component. `after_commit` is called after each committed batch: wake the relay, the matcher, workers."""

    name = "consumer"

    def __init__(
        self,
        db: Database,
        kafka: KafkaSettings,
        service: str,
        topics: Sequence[Topic],
        handle: Handle,
        metrics: Metrics,
        clock: Clock,
        *,
        after_commit: Callable[[], None] = lambda: None,
        mark_every: float = MARK_EVERY,
        limits: ParkingLimits = PARKING_LIMITS,
        reach: CrashPoint = crash_point,
        set_aside: SetAside = nothing_more,
    ) -> None:
        self._db = db
        self._clock = clock
        self._topics = tuple(topics)
        self._kafka = kafka
        self._service = service
        self._after_commit = after_commit
        self._metrics = ConsumerMetrics(metrics)
        ends = Ends()
        self._holdings = Holdings(ends)
        self._ownership = Ownership(db, clock, process_owner(), self._holdings)
        self._watermark = Watermark(db, self._holdings, ends, clock, interval=mark_every)
        poison = PoisonGauge()
        self._work = Work(db, service, handle, self._metrics, self._holdings, poison, limits, reach, set_aside)
        self._brake = Brake(self._ownership, poison)
        self._replay = Replay(self._work, clock)
        self._loop = Loop(self.name, self._step, interval=0, clock=clock, longest_pause=LONGEST_PAUSE)
        self._watchdog = Watchdog(self.name, limit=STUCK_AFTER)
        self._session: Session | None = None
        self._uncertain = False
        self._troubles = 0
        self._trouble = ""
        self._largest = MAX_POLL_RECORDS
        self._hint: asyncio.Task[None] | None = None
        self._hinted_at = float("-inf")
        metrics.on_scrape(self._measure)

    async def start(self) -> None:
        """Begin to consume; Kafka may be away."""
        await self._watermark.start()
        await self._loop.start()
        self._watchdog.start()

    async def stop(self) -> None:
        """Finish the batch in hand, leave the group."""
        self._watchdog.stop()
        await self._loop.stop()
        await self._watermark.stop()
        await self._close()

    def check(self) -> Check:
        """Ready when the group has given out its partitions and each of ours is read on from."""
        if self._brake.halts.detail:
            return Check(ok=False, detail=self._brake.halts.detail)
        if self._ownership.faults:
            return Check(ok=False, detail=next(iter(self._ownership.faults.values())))
        if self._troubles > 1:
            return Check(ok=False, detail=self._trouble)
        for check in (self._loop.check(), self._watermark.check()):
            if not check.ok:
                return check
        if self._session is None or not self._session.joined:
            return Check(ok=False, detail="joining the group")
        unclaimed = self._session.assigned() - self._holdings.places
        return READY if not unclaimed else Check(ok=False, detail=f"{len(unclaimed)} partitions not claimed")

    async def _step(self) -> None:
        """One poll and the work on what it brought."""
        try:
            await self._poll(await self._opened())
        except Overfull as error:
            self._brake.apply(error)
            self._uncertain = True
            self._after_commit()  # what came before the record that is too much is committed
        except positions.Fenced:
            self._uncertain = True
        except Transient:
            self._uncertain = True
            self._watchdog.touch()
            raise

    async def _opened(self) -> Session:
        if self._session is None:
            session = Session(self._kafka, self._service, self._topics)
            await session.open()
            self._session = session
            self._watermark.use(session)
        return self._session

    async def _poll(self, session: Session) -> None:
        polled = await self._polled(session)
        began = self._clock.monotonic()
        if self._uncertain:
            await self._ownership.read_again(session)
            self._uncertain = False
        await self._ownership.follow(session)
        await self._brake.follow(session)
        records = self._take(session, polled)
        if records:
            await self._work_on(records, began)
        if records or self._brake.stopped or not self._watermark.answering or not any(self._watermark.lag().values()):
            self._watchdog.touch()
        if not self._uncertain and await self._replay.step():
            self._after_commit()
        self._give_hint(session)

    async def _work_on(self, records: Sequence[Record], began: float) -> None:
        """Commit what was polled; on trouble that passes pause, then read again from what is committed.

        The trouble may be ours (a batch that takes longer than a session may idle): smaller ones follow.
        """
        try:
            for batch in batches_of(records, self._largest):
                await self._work.take([read(record) for record in batch])
        except positions.Fenced:
            raise
        except Transient as error:
            self._uncertain = True
            self._troubles += 1
            self._trouble = str(error)
            self._largest = max(1, self._largest // 2)
            if self._troubles == 1:
                log.warning("batch not committed", error=self._trouble)
            await self._clock.sleep(pause_after(self._troubles, longest=LONGEST_PAUSE))
        else:
            self._troubles = 0
            self._largest = min(MAX_POLL_RECORDS, self._largest * 2)
            self._committed(records, began)

    def _take(self, session: Session, polled: Mapping[Place, Sequence[Record]]) -> list[Record]:
        """The records that come next in held partitions; the rest is dropped or sought again."""
        records: list[Record] = []
        for place, candidates in polled.items():
            if place in self._brake.stopped:
                continue
            taken = self._holdings.take(place, candidates, session.polls)
            records += taken.records
            for stray in taken.seek:
                self._ownership.seek(session, stray)
        return records

    def _committed(self, records: Sequence[Record], began: float) -> None:
        self._after_commit()
        self._brake.took({record.place for record in records})
        took = self._clock.monotonic() - began
        for topic in {record.place.topic for record in records}:
            self._metrics.process_duration.labels(topic=topic).observe(took)

    async def _polled(self, session: Session) -> dict[Place, list[Record]]:
        """An error of the client itself ends the session; a new one is opened after a pause."""
        try:
            return await session.poll(POLL_TIMEOUT)
        except Misplaced as error:
            self._ownership.put_right(session, error.places)
            return {}
        except Transient:
            await self._close()
            raise

    async def _close(self) -> None:
        session, self._session = self._session, None
        self._brake.stopped = set()
        self._watermark.use(None)
        if self._hint is not None:
            self._hint.cancel()
            self._hint = None
        if session is not None:
            await session.close()
        self._holdings.drop(self._holdings.places)

    def _give_hint(self, session: Session) -> None:
        """Tell Kafka the positions now and then, without waiting for it."""
        now = self._clock.monotonic()
        if now - self._hinted_at < HINT_EVERY or (self._hint is not None and not self._hint.done()):
            return
        held = {place: self._holdings.of(place) for place in self._holdings.places}
        offsets = {place: h.next_offset for place, h in held.items() if h is not None}
        if offsets:
            self._hinted_at = now
            self._hint = asyncio.create_task(session.commit(offsets), name="hint")

    async def _measure(self) -> None:
        for topic, lag in self._watermark.lag().items():
            self._metrics.lag.labels(topic=topic).set(lag)
        for topic in self._topics:
            stopped = [place for place in self._brake.stopped if place.topic == topic]
            self._metrics.stopped.labels(topic=topic).set(len(stopped))
        async with self._db.connection() as connection:
            ages = await positions.ages(connection)
            self._metrics.open_letters.set(await dead_letters.open_letters(connection))
            self._metrics.parked.set(await dead_letters.parked_events(connection))
        for topic, age in ages.items():
            self._metrics.caught_up_age.labels(topic=topic).set(age)
