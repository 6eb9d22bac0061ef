"""Timers: fires what is due behind the evidence, and starts what had to wait for a newer configuration.

A sweep looks first without any lock: nearly always nothing is due. Then it locks the rows of the cases, not those
of the clocks: every change of a clock is made under its case's lock, here and in the consumer, so that a breach
and a stop of one case never overtake each other. The sweep skips cases that are locked and thus never waits: it
cannot be part of a deadlock. The clocks are read after the locks are held and written by compare-and-set.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from services.sla_monitor.caseload import Caseload
from services.sla_monitor.casework import Review
from services.sla_monitor.metrics import MonitorMetrics
from services.sla_monitor.settlement import StepKind
from services.sla_monitor.store import cases, timers
from services.sla_monitor.store.timers import Due
from shared.components.crash import CrashPoint
from shared.db import Database
from shared.errors import Transient

LIMIT = 200
"""Cases fired in one transaction."""

REST = 60.0
"""Seconds for which a case that cannot be judged is left alone, so that it holds nobody else up."""

log = structlog.get_logger(__name__)


class Firing:
    """What the sweeper calls. `after_commit` wakes the relay."""

    def __init__(
        self,
        db: Database,
        caseload: Caseload,
        metrics: MonitorMetrics,
        *,
        after_commit: Callable[[], None],
        reach: CrashPoint,
    ) -> None:
        self._db = db
        self._caseload = caseload
        self._metrics = metrics
        self._after_commit = after_commit
        self._reach = reach
        self._since: datetime | None = None
        self._resting: dict[UUID, float] = {}

    async def sweep(self) -> int:
        """Fire up to `LIMIT` cases; how many had something to tell."""
        found = await self._look()
        if not found:
            return 0
        self._reach("timer.before_fire")
        fired = await self._fire_all(found)
        self._reach("timer.after_fire")
        if fired:
            self._after_commit()
        return fired

    async def reconsider(self) -> None:
        """Look again at every case that waits for a definition which this configuration did not know."""
        waiting = await self._waiting(after=None)
        while waiting:
            async with self._db.transaction() as tx:
                before = await self._caseload.with_clocks(tx, await cases.lock_free(tx, waiting))
                await self._caseload.settle(tx, before, before)
            self._after_commit()
            waiting = await self._waiting(after=waiting[-1])

    async def _waiting(self, after: UUID | None) -> list[UUID]:
        async with self._db.connection() as connection:
            return await cases.waiting(connection, after=after, limit=LIMIT)

    async def _look(self) -> list[Due]:
        async with self._db.connection() as connection:
            if self._since is None:
                self._since = await self._db.now(connection)
            found = await timers.due(connection, since=self._since, offset=self._db.offset, limit=LIMIT)
        if self._resting:
            now = time.monotonic()
            self._resting = {case_id: until for case_id, until in self._resting.items() if until > now}
        return [due for due in found if due.case_id not in self._resting]

    async def _fire_all(self, found: Sequence[Due]) -> int:
        """Fire them, one case that fails not being the fault of the others."""
        try:
            return await self._fire(found)
        except Transient:
            raise
        except Exception:
            if len(found) > 1:
                middle = len(found) // 2
                return await self._fire_all(found[:middle]) + await self._fire_all(found[middle:])
            log.exception("case cannot be judged", case_id=str(found[0].case_id))
            self._resting[found[0].case_id] = time.monotonic() + REST
            return 0

    async def _fire(self, found: Sequence[Due]) -> int:
        async with self._db.transaction() as tx:
            locked = await cases.lock_free(tx, [due.case_id for due in found])
            if not locked:
                return 0
            before = await self._caseload.with_clocks(tx, locked)
            evidence = {due.case_id: due.evidence for due in found}
            reviews, now = await self._caseload.settle(tx, before, before, evidence=evidence)
            self._reach("timer.in_transaction")
            began = time.monotonic()
        self._count(reviews, now, time.monotonic() - began)
        return sum(bool(one.steps) for one in reviews)

    def _count(self, reviews: Sequence[Review], now: datetime, committing: float) -> None:
        for one in reviews:
            for step in one.steps:
                if step.kind is StepKind.BREACHED:
                    self._metrics.breached(step.clock, one.case.summary.severity, now, committing)
