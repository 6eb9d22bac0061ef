"""Removes what has been kept long enough, in small batches, on every instance: `taxonomy.yaml` says how long.

Cases, audit entries and settled dead letters in every service; a service adds what only it has. Rows are taken
with SKIP LOCKED, so that instances share the work, and each batch is audited in its own transaction. What a legal
hold covers stays.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from shared.audit import Actor, Entry, record
from shared.audit import store as audit_store
from shared.clock import Clock
from shared.components.loops import Loop
from shared.config.holder import ConfigHolder
from shared.config.taxonomy import Retention
from shared.db import Database, Tx
from shared.protection import set_aside, store

EVERY = 600.0
AT_ONCE = 100
AUDIT_AT_ONCE = 5000

Remove = Callable[[Tx, datetime, UUID, int], Awaitable[Sequence[UUID]]]
"""Removes up to n cases with an id below the given one that were resolved before the instant; which."""
Batch = Callable[[Tx, datetime], Awaitable[int]]
"""Erases some of what is older than the instant; how many, 0 when nothing is left."""


class RetentionJob(Loop):
    """`further` is a class that only this service has: its name in `taxonomy.yaml`, and its batch.

    `erase` makes a service that follows intake also look after what it has set aside.
    """

    def __init__(
        self,
        db: Database,
        config: ConfigHolder,
        clock: Clock,
        by: Actor,
        remove: Remove,
        further: tuple[str, Batch] | None = None,
        erase: set_aside.Erase | None = None,
    ) -> None:
        super().__init__("retention", self.sweep, interval=EVERY, clock=clock)
        self._db = db
        self._config = config
        self._by = by
        self._remove = remove
        self._further = further
        self._erase = erase

    async def sweep(self) -> None:
        """Everything that is due now."""
        periods = self._config.current.taxonomy.retention
        batches: list[tuple[str, Batch]] = [("cases", self._cases), ("dead_letters", self._letters)]
        if self._further is not None:
            batches.insert(0, self._further)
        for name, batch in batches:
            while not self.stopping and await self._once(name, batch, _period(periods, name)):
                pass
        if self._erase is not None:
            await self._erase_aside(self._erase, periods)
        while not self.stopping and await self._trim_audit(periods.audit):
            pass

    async def _once(self, name: str, batch: Batch, period: timedelta) -> int:
        async with self._db.transaction() as tx:
            cutoff = await self._db.now(tx) - period
            count = await batch(tx, cutoff)
            if count:
                detail = {"rows": count, "before": cutoff.isoformat()}
                await record(tx, [Entry(self._by, "retention.erased", name, detail)])
        return count

    async def _cases(self, tx: Tx, cutoff: datetime) -> int:
        removed = await self._remove(tx, cutoff, first_id_at(cutoff), AT_ONCE)
        if removed:
            await store.forget_cases(tx, removed)
        return len(removed)

    async def _letters(self, tx: Tx, cutoff: datetime) -> int:
        return await store.remove_letters(tx, cutoff, AT_ONCE)

    async def _erase_aside(self, erase: set_aside.Erase, periods: Retention) -> None:
        """Case by case, for each is locked together with its letters."""
        last, keys = "", await self._keys_aside("")
        while keys and not self.stopping:
            for last in keys:
                async with self._db.transaction() as tx:
                    now = await self._db.now(tx)
                    cutoff, gone = now - periods.report_text, now - periods.cases
                    counts = await set_aside.erase_if_due(tx, last, erase, cutoff=cutoff, gone=gone, now=now)
                    if rows := sum(counts.values()):
                        detail = {"rows": rows, "before": cutoff.isoformat()}
                        await record(tx, [Entry(self._by, "retention.erased", f"case {last}", detail)])
            keys = await self._keys_aside(last)

    async def _keys_aside(self, last: str) -> Sequence[str]:
        async with self._db.transaction() as tx:
            return await set_aside.keys_after(tx, last)

    async def _trim_audit(self, period: timedelta) -> int:
        """Cut the beginning of the chain off, by whole days: an entry of its own tells of each cut."""
        async with self._db.transaction() as tx:
            anchor = await audit_store.lock_anchor(tx)
            if anchor is None:
                return 0
            day = (await self._db.now(tx) - period).replace(hour=0, minute=0, second=0, microsecond=0)
            last = await audit_store.last_before(tx, anchor, day, AUDIT_AT_ONCE)
            if last is None:
                return 0
            removed = await audit_store.remove_through(tx, last)
            detail = {"through": last.position, "hash": last.hash.hex(), "rows": removed, "before": day.isoformat()}
            await record(tx, [Entry(self._by, "audit.trimmed", "audit", detail)])
        return removed


def first_id_at(instant: datetime) -> UUID:
    """Below every id (UUID version 7) that was made at `instant` or later."""
    return UUID(int=max(0, int(instant.timestamp() * 1000)) << 80)


def _period(periods: Retention, name: str) -> timedelta:
    period: timedelta = getattr(periods, name)
    return period
