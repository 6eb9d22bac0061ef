"""The workers: claim attempts that are due, send them, note how each try ended.

Consumes rows of `attempt`. Every channel has a lane of its own, so that a slow one never
delays another's pages. Page and age are looked at in the transaction that claims, directly before the send.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from services.notifier import delivery
from services.notifier.channels.registry import ChannelRegistry
from services.notifier.delivery import Attempt, Outcome, Result
from services.notifier.lanes import Lane
from services.notifier.metrics import NotifierMetrics
from services.notifier.notices import Notice
from services.notifier.outcomes import Outcomes
from services.notifier.store import claims
from services.notifier.store.claims import Due
from shared.clock import Clock
from shared.components.component import Check
from shared.components.crash import crash_point
from shared.components.loops import Loop
from shared.contracts.vocabulary import AttemptState
from shared.db import Database

POLL_INTERVAL = 0.1
"""Seconds; the backstop for attempts that another instance committed. Own commits wake the workers at once."""

UNKNOWN_EVERY = 1.0
DRAIN_LIMIT = 8.0
UNSEEN = Outcome(Result.AMBIGUOUS, error="no outcome was seen")

LinkFor = Callable[[Attempt, datetime], str]
"""The acknowledgement link of an attempt."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claim:
    """One attempt in hand."""

    notice: Notice
    attempt: Attempt


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
        self._db = db
        self._channels = channels
        self._metrics = metrics
        self._clock = clock
        self._link_for = link_for
        self._outcomes = Outcomes(db, metrics, clock, relay=relay)
        self._loop = Loop(self.name, self._step, interval=POLL_INTERVAL, clock=clock)
        self._lanes: defaultdict[str, Lane] = defaultdict(Lane)
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost_channels: list[str] = []
        self._looked_at = float("-inf")

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
        async with self._db.connection() as connection:
            if not await claims.any_due(connection, self._db.offset):
                return
        await self._look_for_lost_channels()
        for claim in await self._claim():
            self._begin(claim)

    async def _look_for_lost_channels(self) -> None:
        if self._clock.monotonic() - self._looked_at < UNKNOWN_EVERY:
            return
        async with self._db.transaction() as tx:
            now = await self._db.now(tx)
            self._lost_channels = await claims.channels_due(tx, now, self._channels.ids())
        self._looked_at = self._clock.monotonic()

    async def _claim(self) -> list[Claim]:
        """Claim what the lanes have room for; take back what nobody wants any more."""
        channels = [*self._channels.ids(), *self._lost_channels]
        free = {channel: self._lanes[channel].free(self._clock.monotonic()) for channel in channels}
        async with self._db.transaction() as tx:
            now = await self._db.now(tx)
            due = await claims.lock_due(tx, {channel: slots for channel, slots in free.items() if slots > 0}, now)
            lost = [(item.attempt, UNSEEN) for item in due if item.attempt.state is AttemptState.SENDING]
            if lost:
                await claims.add_receipts(tx, lost, now)
            decided = [(item, _decide(item, now)) for item in due]
            await claims.note(tx, [attempt for _, attempt in decided])
        for attempt, outcome in lost:
            self._metrics.tried(attempt, outcome.result)
        return [
            Claim(self._notice(item, attempt, now), attempt)
            for item, attempt in decided
            if attempt.state is AttemptState.SENDING
        ]

    def _notice(self, due: Due, attempt: Attempt, now: datetime) -> Notice:
        return Notice(attempt, due.page, due.case, self._link_for(attempt, now))

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
        lane = self._lanes[claim.attempt.channel]
        result: Result | None = None
        try:
            outcome = await self._channels.get(claim.attempt.channel).send(claim.notice)
            result = outcome.result
        finally:
            was_full = lane.free(self._clock.monotonic()) == 0
            lane.end(result, self._clock.monotonic())
            if was_full:
                self._loop.wake()
        return outcome


def _decide(due: Due, now: datetime) -> Attempt:
    """The attempt as claimed, or taken back."""
    why = delivery.unwanted(due.attempt, due.page, now)
    attempt = due.attempt
    if attempt.state is AttemptState.SENDING:
        attempt = replace(attempt, state=AttemptState.AMBIGUOUS, at=now, error=UNSEEN.error)
    if why is not None:
        return delivery.suppress(attempt, why)
    return replace(
        attempt, state=AttemptState.SENDING, tries=attempt.tries + 1, next_at=now + delivery.CLAIM_LIMIT, error=None
    )
