"""Claims attempts that are due, as far as their lanes have room, and takes back what nobody wants any more.

Page and age are looked at in the transaction that claims, directly before the send; and once more (`Look`) when
the connection is there and that was longer ago than a moment: connecting took its time, or the process stood still.
What waits for a channel whose circuit is open goes on by the responder's next channel.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.notifier import delivery
from services.notifier.channels.base import TakenBack
from services.notifier.channels.registry import ChannelRegistry
from services.notifier.delivery import Attempt, Outcome, Result
from services.notifier.lanes import Lane
from services.notifier.metrics import NotifierMetrics
from services.notifier.notices import Notice
from services.notifier.settling import go_round
from services.notifier.store import cases, claims
from services.notifier.store.claims import Due, Room
from shared.clock import Clock
from shared.contracts.vocabulary import AttemptState
from shared.db import Database, Tx
from shared.errors import Transient

SEARCH_EVERY = 1.0
DETOUR_EVERY = 0.25
"""Seconds between two looks for channels that no lane asks for, and at what waits for shut ones."""

AT_A_TIME = 200
FRESH = 0.25
"""Seconds for which a look holds; an acknowledgement stops what has not left within 1 s."""

UNSEEN = Outcome(Result.AMBIGUOUS, error="no outcome was seen")
NOT_LOOKED = Outcome(Result.RETRY, error="the page could not be looked at before the send")

LinkFor = Callable[[Attempt, datetime], str]
"""The acknowledgement link of an attempt."""

Lanes = defaultdict[str, Lane]


@dataclass(frozen=True)
class Claim:
    """One attempt in hand; `before` is what it was, `looked_at` (monotonic seconds) when its page was looked at."""

    notice: Notice
    attempt: Attempt
    before: AttemptState
    looked_at: float


class Claiming:
    """Of one process. `lanes` are those of its dispatcher."""

    def __init__(
        self,
        db: Database,
        channels: ChannelRegistry,
        lanes: Lanes,
        metrics: NotifierMetrics,
        clock: Clock,
        link_for: LinkFor,
    ) -> None:
        self._db = db
        self._channels = channels
        self._lanes = lanes
        self._metrics = metrics
        self._clock = clock
        self._link_for = link_for
        self._lost_channels: list[str] = []
        self._searched_at = self._detoured_at = float("-inf")

    async def claim(self) -> list[Claim]:
        """Everything that may leave now."""
        async with self._db.connection() as connection:
            if not await claims.any_due(connection, self._db.offset):
                return []
        await self._find_lost_channels()
        await self._go_round()
        looked_at = self._clock.monotonic()
        rooms = self._rooms(looked_at)
        async with self._db.transaction() as tx:
            now = await self._db.now(tx)
            due = await claims.lock_due(tx, rooms, now)
            decided = await _decide(tx, due, now)
        self._count_lost(due)
        return [
            Claim(Notice(attempt, item.page, item.case, self._link_for(attempt, now)), attempt, before, looked_at)
            for item, attempt in decided
            if attempt.state is AttemptState.SENDING
            for before in (item.attempt.state,)
        ]

    async def look(self, claim: Claim) -> None:
        """Look again unless it was just now; raise `TakenBack` when the notice must not leave any more."""
        if self._clock.monotonic() - claim.looked_at <= FRESH:
            return
        try:
            async with self._db.transaction() as tx:
                now = await self._db.now(tx)
                found = await claims.look(tx, claim.attempt.attempt_id)
        except Transient as error:
            raise TakenBack(NOT_LOOKED) from error
        why = _taken_back(claim, found, now)
        if why is not None:
            unseen = claim.before in {AttemptState.SENDING, AttemptState.AMBIGUOUS}
            raise TakenBack(Outcome(Result.AMBIGUOUS if unseen else Result.SUPPRESSED, error=why))

    def _rooms(self, now: float) -> list[Room]:
        lanes = ((channel, self._lanes[channel]) for channel in [*self._channels.ids(), *self._lost_channels])
        rooms = [Room(channel, lane.free(now), lane.free_for_low(now)) for channel, lane in lanes]
        return [room for room in rooms if room.free > 0]

    async def _find_lost_channels(self) -> None:
        """Find channels that the configuration has lost."""
        if self._clock.monotonic() - self._searched_at < SEARCH_EVERY:
            return
        async with self._db.transaction() as tx:
            now = await self._db.now(tx)
            self._lost_channels = await claims.channels_due(tx, now, self._channels.ids())
        self._searched_at = self._clock.monotonic()

    async def _go_round(self) -> None:
        """Let responders whose call waits for a shut channel be called over their next one at once."""
        started = self._clock.monotonic()
        shut = [channel for channel, lane in self._lanes.items() if lane.shut(started)]
        if not shut or started - self._detoured_at < DETOUR_EVERY:
            return
        async with self._db.transaction() as tx:
            now = await self._db.now(tx)
            found = (await cases.load_held(tx, shut, now, AT_A_TIME)).values()
            for case in found:
                for page in case.open_pages():
                    if page.unacknowledged:
                        go_round(case, page, shut, now)
            await cases.save(tx, found, now)
        self._detoured_at = started

    def _count_lost(self, due: Sequence[Due]) -> None:
        for attempt in _lost(due):
            self._metrics.tried(attempt, UNSEEN.result)


async def _decide(tx: Tx, due: Sequence[Due], now: datetime) -> list[tuple[Due, Attempt]]:
    """Claim each, or take it back; note both."""
    lost = [(attempt, UNSEEN) for attempt in _lost(due)]
    if lost:
        await claims.add_receipts(tx, lost, now)
    decided = [(item, _claimed(item, now)) for item in due]
    await claims.note(tx, [attempt for _, attempt in decided])
    return decided


def _lost(due: Sequence[Due]) -> list[Attempt]:
    """Those that a worker had in hand and let go of without an outcome."""
    return [item.attempt for item in due if item.attempt.state is AttemptState.SENDING]


def _claimed(due: Due, now: datetime) -> Attempt:
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


def _taken_back(claim: Claim, found: Due | None, now: datetime) -> str | None:
    """Why the notice must not leave: nobody wants it, or another worker has it by now."""
    if found is None:
        return "the attempt is gone"
    if found.attempt.state is not AttemptState.SENDING or found.attempt.tries != claim.attempt.tries:
        return "another worker has taken it over"
    return delivery.unwanted(claim.attempt, found.page, now)
