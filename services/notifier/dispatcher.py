"""The workers: send what was claimed, note how each try ended.

Every channel has a lane of its own, with its own limit and its own circuit, so that a slow or dead one never delays
another's pages. No connection to the database is held while a notice is under way.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable

import structlog

from services.notifier.breaker import Circuit
from services.notifier.channels.base import TakenBack
from services.notifier.channels.registry import ChannelRegistry
from services.notifier.claiming import Claim, Claiming, LinkFor
from services.notifier.delivery import Outcome, Result
from services.notifier.lanes import Lane
from services.notifier.metrics import NotifierMetrics
from services.notifier.outcomes import Outcomes
from shared.clock import Clock
from shared.components.component import Check
from shared.components.crash import crash_point
from shared.components.loops import Loop
from shared.db import Database

POLL_INTERVAL = 0.1
"""Seconds; the backstop for attempts that another instance committed. Own commits wake the workers at once."""

DRAIN_LIMIT = 8.0

log = structlog.get_logger(__name__)


class Dispatcher:
    """A component. `wake` it after each commit that intended attempts."""

    name = "dispatcher"

    def __init__(
        self,
        db: Database,
        channels: ChannelRegistry,
        metrics: NotifierMetrics,
        clock: Clock,
        *,
        link_for: LinkFor,
        relay: Callable[[], None],
    ) -> None:
        self._channels = channels
        self._metrics = metrics
        self._clock = clock
        self._lanes: defaultdict[str, Lane] = defaultdict(Lane)
        self._claiming = Claiming(db, channels, self._lanes, metrics, clock, link_for)
        self._outcomes = Outcomes(db, metrics, clock, relay=relay)
        self._loop = Loop(self.name, self._step, interval=POLL_INTERVAL, clock=clock)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to send."""
        await self._loop.start()

    async def stop(self) -> None:
        """Claim no more; let what is in flight end, then close the channels."""
        await self._loop.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_LIMIT)
        await self._channels.close()

    def check(self) -> Check:
        return self._loop.check()

    def wake(self) -> None:
        """Attempts were intended: look now."""
        self._loop.wake()

    async def _step(self) -> None:
        for claim in await self._claiming.claim():
            self._begin(claim)

    def _begin(self, claim: Claim) -> None:
        self._lanes[claim.attempt.channel].begin(self._clock.monotonic())
        task = asyncio.create_task(self._deliver(claim), name=f"attempt {claim.attempt.attempt_id}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("attempt failed", exc_info=task.exception())

    async def _deliver(self, claim: Claim) -> None:
        crash_point("notifier.before_send")
        outcome = await self._send(claim)
        crash_point("notifier.after_send")
        await self._outcomes.note(claim.attempt, outcome)
        crash_point("notifier.after_outcome")
        if outcome.result is Result.REFUSED:
            log.warning(
                "attempt refused", channel=claim.attempt.channel, page_id=str(claim.attempt.page_id), why=outcome.error
            )
            self._loop.wake()

    async def _send(self, claim: Claim) -> Outcome:
        try:
            channel = self._channels.get(claim.attempt.channel)
            outcome = await channel.send(claim.notice, lambda: self._claiming.look(claim))
        except TakenBack as taken_back:
            self._end(claim.attempt.channel, Outcome(Result.SUPPRESSED))
            return taken_back.outcome
        except BaseException:
            self._end(claim.attempt.channel, None)
            raise
        self._end(claim.attempt.channel, outcome)
        return outcome

    def _end(self, channel: str, outcome: Outcome | None) -> None:
        """A try on a channel is over: there is room for another, and more or less trust in the channel."""
        lane, now = self._lanes[channel], self._clock.monotonic()
        before, was_full = lane.breaker.circuit(now), lane.free(now) == 0
        retry_after = outcome.retry_after if outcome else None
        lane.end(outcome.result if outcome else None, now, jitter=random.random(), retry_after=retry_after)
        after = lane.breaker.circuit(now)
        self._metrics.circuit(channel, is_open=after is not Circuit.CLOSED)
        if after is Circuit.OPEN and before is Circuit.CLOSED:
            log.warning("circuit open", channel=channel, why=outcome.error if outcome else None)
        elif after is Circuit.CLOSED and before is not Circuit.CLOSED:
            log.info("circuit closed", channel=channel)
        if was_full or after is not before:
            self._loop.wake()
