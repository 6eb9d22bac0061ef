"""The relay: takes a service's outbox to Kafka, at least once and in the order of each key.

Consumes the table `outbox`, emits the topics. One relay per service works at a time, by lease; a second
one, or one that was frozen and wakes, only sends again what consumers drop by `seq`.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from shared.bus import kafka
from shared.bus.floor import Floor, Look
from shared.bus.messages import source_of
from shared.bus.metrics import RelayMetrics
from shared.bus.sending import Outcome, Pending, Sender
from shared.bus.throttle import Throttle
from shared.clock import Clock
from shared.components.component import Check
from shared.components.crash import CrashPoint, crash_point
from shared.components.loops import Loop
from shared.db import Database, Row
from shared.db.leases import Lease, process_owner
from shared.errors import Transient
from shared.observability.metrics import Metrics
from shared.settings import KafkaSettings

BATCH = 1000
"""Rows read, sent and deleted at a time."""

POLL_INTERVAL = 0.15
"""Seconds; the backstop for rows that another instance committed. Own commits wake the relay at once."""

LEASE_TTL = timedelta(seconds=2)
"""How long the next relay waits after this one was killed."""

RENEW_EVERY = 0.6
LOOK_EVERY = 1.0
SWEEP_EVERY = 5.0
SILENCE_LIMIT = 2.0
"""Seconds without any acknowledgement after which the service is not ready."""

LONGEST_PAUSE = 0.5
"""Seconds until the next attempt while PostgreSQL or Kafka is away."""

FLUSH_LIMIT = 4.0
"""Seconds that a last flush may take when the service stops."""

_UNFLUSHED: tuple[type[Exception], ...] = (Transient, *kafka.CLIENT_ERRORS)

log = structlog.get_logger(__name__)


class Relay:
    """A component. `wake` it after each commit that enqueued something."""

    name = "relay"

    def __init__(
        self,
        db: Database,
        kafka_settings: KafkaSettings,
        service: str,
        metrics: Metrics,
        clock: Clock,
        *,
        reach: CrashPoint = crash_point,
    ) -> None:
        self._db = db
        self._source = source_of(service).encode()
        self._clock = clock
        self._reach = reach
        self._metrics = RelayMetrics(metrics)
        self._sender = Sender(kafka_settings, reach)
        self._lease = Lease(db, "relay", process_owner(), LEASE_TTL)
        self._loop = Loop(self.name, self._step, interval=POLL_INTERVAL, clock=clock, longest_pause=LONGEST_PAUSE)
        self._floor = Floor()
        self._throttle = Throttle()
        self._holding = False
        self._renewed_at = self._looked_at = self._swept_at = float("-inf")
        self._waiting_since: float | None = None
        self._stop_by: float | None = None
        metrics.on_scrape(self._measure)

    async def start(self) -> None:
        """Begin to relay; Kafka may be away."""
        self._stop_by = None
        await self._loop.start()

    async def stop(self) -> None:
        """Flush what is pending if Kafka takes it in time, release the lease, close the producer."""
        self._stop_by = self._clock.monotonic() + FLUSH_LIMIT
        await self._loop.stop()
        try:
            if self._holding:
                async with asyncio.timeout(max(0.1, self._stop_by - self._clock.monotonic())):
                    await self._drain()
        except _UNFLUSHED as error:
            log.warning("outbox not flushed", error=repr(error))
        with suppress(Transient):
            await self._lease.release()
        await self._sender.stop()

    def wake(self) -> None:
        """Rows were committed: relay them now."""
        self._loop.wake()

    def check(self) -> Check:
        """Not ready while sending fails, or Kafka has given no outcome for two seconds."""
        since = self._waiting_since
        if since is not None and self._clock.monotonic() - since > SILENCE_LIMIT:
            return Check(ok=False, detail=f"no outcome from Kafka for {self._clock.monotonic() - since:.0f} s")
        return self._loop.check()

    async def pending(self) -> int:
        """How many rows wait in the outbox, of all instances."""
        async with self._db.connection() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM outbox"))

    async def _step(self) -> None:
        if not await self._hold_lease():
            return
        try:
            await self._drain()
        except kafka.CLIENT_ERRORS as error:
            raise Transient(f"Kafka: {type(error).__name__}: {error}") from error

    async def _drain(self) -> None:
        """Relay until the outbox holds nothing more that may go, as long as the lease is held."""
        await self._sender.start()
        more = True
        try:
            while more:
                await self._look()
                more = await self._relay_some() and await self._hold_lease()
        except BaseException:
            self._begin_anew()  # what was read and not sent must be read again, before what follows it
            raise

    async def _relay_some(self) -> bool:
        """One batch: what comes next of keys that are not held, and what a held one may send; whether there is more."""
        rows = await self._read()
        fresh = self._throttle.admit(rows, self._clock.monotonic())
        again = await self._read_held()  # last: a key that it lets go must not be read twice
        if again or fresh:
            await self._relay([*again, *fresh])
        self._floor.drained(rows[-1].id + 1 if len(rows) == BATCH else None)
        return len(rows) == BATCH or bool(again)

    async def _relay(self, rows: Sequence[Pending]) -> None:
        """Send one batch, delete what was acknowledged; an error leaves the rest for a new producer."""
        self._reach("relay.before_send")
        outcome = await self._send(rows)
        self._reach("relay.before_delete")
        if outcome.acknowledged:
            async with self._db.connection() as connection:
                await connection.execute(_DELETE, outcome.acknowledged)
        if outcome.error is not None:
            await self._sender.stop()
            raise outcome.error

    def _begin_anew(self) -> None:
        """Read the outbox from its beginning: something may wait there that was passed."""
        self._floor = Floor()
        self._throttle.release()

    async def _send(self, rows: Sequence[Pending]) -> Outcome:
        self._waiting_since = self._clock.monotonic()
        try:
            outcome = await self._sender.send(rows, self._keep_waiting)
        finally:
            self._waiting_since = None
        return outcome

    async def _keep_waiting(self) -> bool:
        """While there is no outcome: keep the lease, unless the service stops."""
        with suppress(Transient):
            await self._hold_lease()
        return self._stop_by is None or self._clock.monotonic() < self._stop_by

    async def _hold_lease(self) -> bool:
        now = self._clock.monotonic()
        if now - self._renewed_at < RENEW_EVERY:
            return self._holding
        held = await self._lease.acquire() is not None
        if held and not self._holding:
            self._begin_anew()
        self._holding, self._renewed_at = held, now
        return held

    async def _read(self) -> list[Pending]:
        """What comes next of keys that are not held; now and then from the very beginning."""
        now = self._clock.monotonic()
        floor = self._floor.value
        if now - self._swept_at > SWEEP_EVERY:
            floor, self._swept_at = 0, now
        return await self._rows(_READ, floor, BATCH, list(self._throttle.held))

    async def _read_held(self) -> list[Pending]:
        """What a key that went too fast may send by now."""
        turn = self._throttle.turn(self._clock.monotonic())
        if turn is None:
            return []
        rows = await self._rows(_READ_HELD, turn.beyond, turn.limit, [turn.key])
        return self._throttle.serve(turn, rows, self._clock.monotonic())

    async def _rows(self, query: str, floor: int, limit: int, keys: list[str]) -> list[Pending]:
        async with self._db.connection() as connection:
            return [self._pending(row) for row in await connection.fetch(query, floor, limit, keys)]

    def _pending(self, row: Row) -> Pending:
        headers = [(name, value.encode()) for name, value in row["headers"].items()]
        if "ce_source" not in row["headers"]:
            headers.append(("ce_source", self._source))
        return Pending(row["id"], row["topic"], row["key"], headers, row["payload"])

    async def _look(self) -> None:
        """Let the floor follow, once a second."""
        now = self._clock.monotonic()
        if now - self._looked_at < LOOK_EVERY:
            return
        async with self._db.connection() as connection:
            row = await connection.fetchrow(_LOOK)
        assert row is not None
        self._floor.look(Look(row["last_id"], row["xmin"], row["xmax"]))
        self._looked_at = now

    async def _measure(self) -> None:
        async with self._db.connection() as connection:
            row = await connection.fetchrow(_MEASURE)
        assert row is not None
        self._metrics.pending.set(row["pending"])
        self._metrics.oldest_age.set(row["age"])


_READ = """
SELECT id, topic, key, headers, payload FROM outbox WHERE id > $1 AND key <> ALL($3::text[]) ORDER BY id LIMIT $2
"""

_READ_HELD = """
SELECT id, topic, key, headers, payload FROM outbox WHERE id > $1 AND key = ANY($3::text[]) ORDER BY id LIMIT $2
"""

_DELETE = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"

_LOOK = """
SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')::regclass), 0) AS last_id,
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS xmax
"""

_MEASURE = """
SELECT count(*) AS pending,
       greatest(0, coalesce(extract(epoch FROM statement_timestamp() - min(created_at)), 0))::float8 AS age
  FROM outbox
"""
