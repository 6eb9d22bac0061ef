"""Notes how tries ended: many at a time in one transaction, each at once when there is but one.

Emits page.attempted. Also when PostgreSQL is away for a moment; what cannot be noted before its claim is over
counts as unseen, and goes out again under the same id.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from services.notifier import delivery
from services.notifier.case_pages import CasePages
from services.notifier.delivery import Attempt, Outcome, Result
from services.notifier.metrics import NotifierMetrics
from services.notifier.settling import settle
from services.notifier.store import cases, claims
from shared.clock import Clock
from shared.contracts.vocabulary import AttemptState
from shared.db import Database
from shared.errors import Transient

AT_A_TIME = 100
PAUSE = 0.2

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ended:
    """One try that has ended: the attempt as it was claimed, and how it ended."""

    attempt: Attempt
    outcome: Outcome
    noted: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Outcomes:
    """`relay` is called after each commit."""

    def __init__(self, db: Database, metrics: NotifierMetrics, clock: Clock, *, relay: Callable[[], None]) -> None:
        self._db = db
        self._metrics = metrics
        self._clock = clock
        self._relay = relay
        self._waiting: list[Ended] = []
        self._writer: asyncio.Task[None] | None = None

    async def note(self, attempt: Attempt, outcome: Outcome) -> None:
        """Return once it is committed, or given up."""
        ended = Ended(attempt, outcome)
        self._waiting.append(ended)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="outcomes")
        await ended.noted

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:AT_A_TIME], self._waiting[AT_A_TIME:]
            try:
                await self._persist(batch)
            except Exception as error:  # noqa: BLE001 - those who wait hear of it
                for ended in batch:
                    ended.noted.set_exception(error)
            else:
                for ended in batch:
                    ended.noted.set_result(None)

    async def _persist(self, batch: Sequence[Ended]) -> None:
        until = self._clock.monotonic() + delivery.CLAIM_LIMIT.total_seconds()
        while True:
            try:
                return await self._commit(batch)
            except Transient as error:
                if self._clock.monotonic() > until:
                    log.warning("outcomes not noted", attempts=len(batch), error=str(error))
                    return None
            await self._clock.sleep(PAUSE)

    async def _commit(self, batch: Sequence[Ended]) -> None:
        first: list[tuple[CasePages, Attempt]] = []
        async with self._db.transaction() as tx:
            found = await cases.load_pages(tx, {ended.attempt.page_id for ended in batch})
            now = await self._db.now(tx)
            for ended in batch:
                case = found[ended.attempt.page_id]
                unsent = not any(a.state in _TAKEN for a in case.attempts_of(case.pages[ended.attempt.page_id]))
                current = case.attempts[ended.attempt.attempt_id]
                settled = settle(case, current, ended.outcome, ended.attempt.tries, now, random.random())
                if unsent and ended.outcome.result is Result.SENT and settled.type in delivery.OPENERS:
                    first.append((case, settled))
            await claims.add_receipts(tx, [(ended.attempt, ended.outcome) for ended in batch], now)
            await cases.save(tx, {case.key: case for case in found.values()}.values(), now)
        self._relay()
        for ended in batch:
            self._metrics.tried(ended.attempt, ended.outcome.result)
        for case, settled in first:
            self._metrics.delivered(case.pages[settled.page_id], settled)


_TAKEN = frozenset({AttemptState.SENT, AttemptState.DELIVERED})
