"""Open clocks are judged anew: by `tocsin sla recompute`, and by itself when the time zone database is a newer one.

Emits tocsin.clocks, through the outbox; every act is audited.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID

import structlog

from services.sla_monitor.caseload import Caseload
from services.sla_monitor.casework import CaseFile
from services.sla_monitor.recomputing import Change, Recompute, Recomputed, under_latest, under_own
from services.sla_monitor.store import cases
from shared import audit
from shared.audit import Actor, Entry
from shared.db import Database
from shared.tzdata import UNKNOWN, tzdata_version

CHUNK = 100
"""Cases in one transaction."""

Progress = Callable[[int], None]

log = structlog.get_logger(__name__)


class Recomputation:
    """`after_commit` wakes the relay, where there is one."""

    def __init__(
        self, db: Database, caseload: Caseload, actor: Actor, *, after_commit: Callable[[], None] = lambda: None
    ) -> None:
        self._db = db
        self._caseload = caseload
        self._actor = actor
        self._after_commit = after_commit

    async def look(self, advance: Progress = lambda _: None) -> list[Change]:
        """What `apply` would change now. Locks and writes nothing."""
        found: list[Change] = []
        desk = await self._caseload.desk(to_look=True)
        async for chunk in self._open_cases():
            async with self._db.transaction() as tx:
                whole, now = await self._caseload.with_clocks(tx, chunk), await self._db.now(tx)
            found += [change for case in whole for change in under_latest(case, desk, now).changes]
            advance(len(chunk))
        return found

    async def apply(self, advance: Progress = lambda _: None) -> list[Change]:
        """Pin every case with an open clock to the rules in force; what changed."""
        found: list[Change] = []
        async for chunk in self._open_cases():
            found += await self._recompute([case.case_id for case in chunk], under_latest, "clock.recompute")
            advance(len(chunk))
        return found

    async def follow_zone_data(self) -> None:
        """Read again the business deadlines ahead that an older time zone database gave; never regulatory ones."""
        version, after, moved = tzdata_version(), None, 0
        while version != UNKNOWN and (ids := await self._by_older(version, after)):
            moved += len(await self._recompute(ids, under_own, "clock.zone_data"))
            after = ids[-1]
        if moved:
            log.info("time zone database moved deadlines", version=version, clocks=moved)

    async def _open_cases(self) -> AsyncIterator[list[CaseFile]]:
        after: UUID | None = None
        while True:
            async with self._db.connection() as connection:
                chunk = await cases.with_open_clocks(connection, after=after, limit=CHUNK)
            if not chunk:
                return
            yield chunk
            after = chunk[-1].case_id

    async def _by_older(self, version: str, after: UUID | None) -> list[UUID]:
        async with self._db.connection() as connection:
            return await cases.by_older_zone_data(connection, version, after=after, limit=CHUNK)

    async def _recompute(self, ids: Sequence[UUID], how: Recompute, action: str) -> list[Change]:
        desk = await self._caseload.desk()
        async with self._db.transaction() as tx:
            before = await self._caseload.with_clocks(tx, await cases.lock(tx, ids))
            now = await self._db.now(tx)
            done = [how(case, desk, now) for case in before]
            await self._caseload.write(tx, before, [one.review for one in done], now)
            await audit.record(tx, [self._entry(action, one) for one in done if one.changes])
        self._after_commit()
        return [change for one in done for change in one.changes]

    def _entry(self, action: str, one: Recomputed) -> Entry:
        clocks = [_told(change) for change in one.changes]
        return Entry(self._actor, action, f"case {one.review.case.case_id}", {"clocks": clocks})


def _told(change: Change) -> dict[str, object]:
    return {
        "clock_id": str(change.clock_id),
        "name": change.name,
        "version": change.to_version,
        "from_due": None if change.from_due is None else change.from_due.isoformat(),
        "to_due": None if change.to_due is None else change.to_due.isoformat(),
        "why": [why.value for why in change.why],
    }
