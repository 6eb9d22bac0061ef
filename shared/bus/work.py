"""The work on a batch: one transaction that advances the position, applies events and buries what is dead.

Nothing of a batch is ever half done. A batch that fails is halved until the culprit stands alone; that
one, when it fails again and again, becomes a dead letter in the transaction that goes past it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import structlog
from pydantic import ValidationError

from shared.bus import consumed, parking, positions
from shared.bus.holdings import Holdings
from shared.bus.messages import Received
from shared.bus.metrics import ConsumerMetrics
from shared.bus.parking import ParkingLimits
from shared.bus.poison import Overfull, PoisonGauge
from shared.bus.records import Item, invalid
from shared.bus.triage import Triage, triage
from shared.components.crash import CrashPoint
from shared.db import Database, Tx
from shared.errors import Permanent, PermanentReason, Transient

Handle = Callable[[Sequence[Received], Tx], Awaitable[None]]
"""Takes events in order per key, inside the transaction that advances the position."""

SetAside = Callable[[Tx, Sequence[Item]], Awaitable[None]]
"""Told of what was buried and parked, in the transaction that did it."""

ATTEMPTS_ALONE = 3
"""How often a record that fails alone is tried, unless its error says that it can never succeed."""

RETRY_PAUSE = 0.1

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Work:
    """What a batch is worked on with."""

    db: Database
    service: str
    handle: Handle
    metrics: ConsumerMetrics
    holdings: Holdings
    poison: PoisonGauge
    limits: ParkingLimits
    reach: CrashPoint
    set_aside: SetAside

    async def take(self, items: Sequence[Item]) -> None:
        """Commit `items`, whatever is in them. Raises `Transient`, or `Overfull` before the record that is too much.

        Nothing is advanced beyond what is committed.
        """
        try:
            await self._commit(items)
        except Transient:
            raise
        except Exception as error:
            if len(items) > 1:
                middle = len(items) // 2
                await self.take(items[:middle])
                await self.take(items[middle:])
            elif isinstance(error, Overfull):
                raise
            else:
                await self._take_alone(items[0], error)

    async def _take_alone(self, item: Item, error: Exception) -> None:
        """Try one record a few times more, then bury it."""
        fault = fault_of(error)
        for attempt in range(1, ATTEMPTS_ALONE):
            if fault.reason is not PermanentReason.HANDLER_FAILED:
                break
            await asyncio.sleep(RETRY_PAUSE * attempt)
            try:
                await self._commit([item])
            except (Transient, Overfull):
                raise
            except Exception as again:  # noqa: BLE001 - as above
                fault = fault_of(again)
            else:
                return
        log.error("record cannot be taken", **_where(item), reason=str(fault.reason), exc_info=trace_of(error))
        await self._commit([replace(item, fault=fault)])

    async def _commit(self, items: Sequence[Item]) -> None:
        """The one transaction; then the memory of this process follows."""
        self.reach("consumer.before_transaction")
        steps = self.holdings.steps([item.record for item in items])
        async with self.db.transaction() as tx:
            await positions.advance(tx, steps)
            outcome = triage(items, await consumed.known_of(tx, items))
            self.poison.admit(total=len(items), dead=len(outcome.dead), place=items[0].record.place)
            if outcome.apply:
                await self.handle(outcome.apply, tx)
            await self._remember(tx, outcome)
            self.reach("consumer.in_transaction")
        self.reach("consumer.after_commit")
        self.holdings.advanced(steps)
        self.poison.count(total=len(items), dead=len(outcome.dead))
        self.counted(outcome)

    def counted(self, outcome: Triage) -> None:
        """Show in metrics and log what was committed."""
        for topic, number in outcome.duplicates.items():
            self.metrics.duplicates.labels(topic=topic).inc(number)
        for topic, number in outcome.gaps.items():
            self.metrics.gaps.labels(topic=topic).inc(number)
            log.error("events of a key are missing", topic=topic, gaps=number)
        for item, fault in outcome.dead:
            self.metrics.dead_letters.labels(topic=item.record.place.topic, reason=str(fault.reason)).inc()
            log.error("dead letter", **_where(item), reason=str(fault.reason), error=str(fault))
        for item, _ in outcome.parked:
            log.warning("parked behind a dead letter", **_where(item))

    async def _remember(self, tx: Tx, outcome: Triage) -> None:
        await consumed.remember(tx, outcome.last)
        if outcome.dead:
            await consumed.bury(tx, outcome.dead, service=self.service)
        await parking.park(tx, outcome.parked, self.limits)
        if outcome.dead or outcome.parked:
            await self.set_aside(tx, [item for item, _ in (*outcome.dead, *outcome.parked)])


def fault_of(error: Exception) -> Permanent:
    """What a handler's error says of the record that it was raised for."""
    if isinstance(error, Permanent):
        return error
    if isinstance(error, ValidationError):
        return invalid(error)
    return Permanent(PermanentReason.HANDLER_FAILED, f"{type(error).__name__}: {error}")


def trace_of(error: Exception) -> Exception | None:
    """What a log shows of it: the trace of a fault in the code, none of what a handler refuses on purpose."""
    return None if isinstance(error, Permanent | ValidationError) else error


def _where(item: Item) -> dict[str, object]:
    record = item.record
    return {"topic": record.place.topic, "partition": record.place.partition, "offset": record.offset}
