"""The matcher: gives waiting cases to free specialists, on one instance at a time.

It works when something changed (a case began to wait, somebody has new room, the configuration is new),
and once a second while anything waits: shifts start and slack runs out without any event.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from services.router import rounds
from services.router.assignment import RETURNS_AFTER
from services.router.metrics import RouterMetrics
from services.router.rounds import Desk, Plan, Written
from services.router.rulebook import Rulebook
from services.router.store import assignments, specialists
from shared.clock import Clock
from shared.components.component import Check
from shared.components.crash import CrashPoint, crash_point
from shared.components.loops import Loop
from shared.db import Database
from shared.db.leases import Lease, process_owner
from shared.errors import Transient

INTERVAL = 0.05
"""Seconds between looks for what another instance did; what happens here wakes the matcher."""

TICK = 1.0
"""Seconds after which all that waits is looked at again."""

LEASE = "match"
LEASE_TTL = timedelta(seconds=2)
RENEW_EVERY = 0.5


class Matcher:
    """A component. `wake` it after each commit that may concern what waits; `announce` wakes the relay."""

    name = "matcher"

    def __init__(
        self,
        db: Database,
        rulebook: Rulebook,
        clock: Clock,
        metrics: RouterMetrics,
        *,
        announce: Callable[[], None],
        reach: CrashPoint = crash_point,
    ) -> None:
        self._db = db
        self._clock = clock
        self._metrics = metrics
        self._announce = announce
        self._reach = reach
        self._lease = Lease(db, LEASE, process_owner(), LEASE_TTL)
        self._loop = Loop(self.name, self.step, interval=INTERVAL, clock=clock)
        self._rulebook = rulebook
        self._in_force: Desk | None = None
        self._epoch: int | None = None
        self._renewed_at = self._looked_at = float("-inf")

    async def start(self) -> None:
        """Begin to match, when the lease is free."""
        await self._loop.start()

    async def stop(self) -> None:
        """Finish the round in hand and let another instance match."""
        await self._loop.stop()
        with suppress(Transient):
            await self._lease.release()

    def check(self) -> Check:
        """Whether rounds succeed (or another instance holds the lease)."""
        return self._loop.check()

    def wake(self) -> None:
        """Match now."""
        self._loop.wake()

    async def step(self) -> None:
        """Decide over whatever asks for it, until there is nothing left to decide now."""
        while not self._loop.stopping and await self._hold() and await self._round():
            pass

    async def _hold(self) -> bool:
        """Keep the lease; a new holder looks at everything."""
        now = self._clock.monotonic()
        if now - self._renewed_at >= RENEW_EVERY:
            held = await self._lease.acquire()
            if held != self._epoch:
                self._in_force, self._looked_at = None, float("-inf")
            self._epoch, self._renewed_at = held, now
        return self._epoch is not None

    async def _round(self) -> bool:
        """One round; whether there is more to decide at once."""
        desk = await self._taken_up()
        async with self._db.connection() as connection:
            pending = await specialists.pending(connection)
        everything = pending.freed or self._clock.monotonic() - self._looked_at >= TICK
        if everything:
            await self._notice(pending.freed)
        if not (pending.fresh or (everything and pending.waiting)):
            return False
        plan = await rounds.plan(self._db, desk, fresh_only=not everything)
        written = await self._write(desk, plan)
        if not written.complete:
            self._looked_at = float("-inf")
        return not written.complete and bool(written.decided)

    async def _write(self, desk: Desk, plan: Plan) -> Written:
        if plan.empty:
            return Written(complete=plan.complete)
        assert self._epoch is not None
        try:
            async with self._db.transaction() as tx:
                written = await rounds.write(tx, self._db, self._lease, self._epoch, desk, plan)
                self._reach("matcher.in_transaction")
        except Transient:
            self._renewed_at = self._looked_at = float("-inf")
            raise
        self._reach("matcher.after_commit")
        if written.decided:
            self._announce()
        self._count(written)
        return written

    async def _notice(self, freed: bool) -> None:
        """From now on only what changes later counts as new."""
        self._looked_at = self._clock.monotonic()
        if freed:
            async with self._db.connection() as connection:
                await specialists.noticed(connection)

    async def _taken_up(self) -> Desk:
        """The desk; when it is new, everybody on it is made known and shift ends are reckoned anew."""
        desk = self._rulebook.desk
        if self._in_force is not desk:
            async with self._db.transaction() as tx:
                await specialists.enrol(tx, desk.rules.by_id)
                await assignments.shift_ends(tx, desk.shift_ends(await self._db.now(tx)), RETURNS_AFTER)
            self._in_force, self._looked_at = desk, float("-inf")
        return desk

    def _count(self, written: Written) -> None:
        for decision, since in written.decided:
            waited = (written.now - since).total_seconds() if since and written.now else None
            self._metrics.decided(decision, waited)
