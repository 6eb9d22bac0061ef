"""Puts audit rows into the chain a moment after they were written, whoever wrote them.

Every instance looks once a second; the lock on the chain's tip lets one at a time go on. A sealer that dies in the
middle leaves the chain as it was.
"""

from shared.audit import store
from shared.audit.chain import Link, Row, next_link
from shared.clock import Clock
from shared.components.crash import crash_point
from shared.db import Database
from shared.db.timers import Sweeper
from shared.observability.metrics import Metrics

INTERVAL = 1.0
AT_ONCE = 500


class Sealing(Sweeper):
    """Seals each second, and once more when the service stops: what others wrote at their end is not left over."""

    def __init__(self, db: Database, clock: Clock) -> None:
        super().__init__("audit chain", lambda: seal(db), interval=INTERVAL, limit=AT_ONCE, clock=clock)
        self._db = db

    async def stop(self) -> None:
        await super().stop()
        await seal(self._db)


def sealing(db: Database, clock: Clock, metrics: Metrics) -> Sealing:
    """The component that seals."""
    age = metrics.gauge("tocsin_audit_unsealed_age_seconds", "Age of the oldest entry outside the chain; 0: none.", ())

    async def refresh() -> None:
        async with db.connection() as connection:
            age.set(await store.unsealed_age(connection))

    metrics.on_scrape(refresh)
    return Sealing(db, clock)


async def seal(db: Database, limit: int = AT_ONCE) -> int:
    """Seal up to `limit` rows in one transaction; how many. 0 as well while another seals."""
    async with db.connection() as connection:
        if not await store.any_unsealed(connection):
            return 0
    async with db.transaction() as tx:
        tip = await store.lock_tip(tx)
        rows = [] if tip is None else await store.unsealed(tx, limit)
        if tip is None or not rows:
            return 0
        await store.seal(tx, _linked(rows, tip))
        crash_point("audit.in_transaction")
    return len(rows)


def _linked(rows: list[Row], tip: Link) -> list[tuple[Row, bytes, Link]]:
    linked = []
    for row in rows:
        link = next_link(row, tip)
        linked.append((row, tip.hash, link))
        tip = link
    return linked
