"""Erasing over all services of a database, one case a transaction and service, each with its audit entry.

Intake's transaction holds the case until the others are done: no hold comes between, and who is interrupted finds the
case again, also by its reporter.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol
from uuid import UUID

from services.commands.database import Databases
from services.intake import erasing as intake
from services.intake.case import Who
from services.intake.store import cases
from services.intake.store import protection as intake_store
from services.notifier.store import protection as notifier
from services.router.store import protection as router
from services.sla_monitor.store import protection as sla_monitor
from shared.audit import Entry, record
from shared.contracts.vocabulary import ServiceName
from shared.db import Database, Tx
from shared.protection.store import Counts, lock_letters, scrub_case

REPORTS_AT_ONCE = 2000
_WAIT_FOR_OTHERS = "SET LOCAL idle_in_transaction_session_timeout = '15s'"
"""Three services, each of which may have to wait for a lock for three seconds."""


class Follower(Protocol):
    """What the store of a service that follows intake can do."""

    async def hold(self, tx: Tx, case_id: UUID) -> datetime | None: ...

    async def erase(self, tx: Tx, case_id: UUID) -> Counts: ...

    async def is_known(self, tx: Tx, case_id: UUID) -> bool: ...


FOLLOWERS: Mapping[ServiceName, Follower] = {
    ServiceName.ROUTER: router,
    ServiceName.SLA_MONITOR: sla_monitor,
    ServiceName.NOTIFIER: notifier,
}


@dataclass
class Erased:
    """What was erased of one case: service -> table -> rows. `held_until`: nothing, because of a legal hold."""

    case_id: UUID
    tables: dict[str, Counts] = field(default_factory=dict)
    held_until: datetime | None = None

    @property
    def known(self) -> bool:
        """Whether any service knows the case."""
        return bool(self.tables) or self.held_until is not None


class _Undone(Exception):
    """A dry run ends by rolling back."""


async def erase_case(databases: Databases, case_id: UUID, who: Who, *, dry_run: bool) -> Erased:
    """Erase a case in every service; with `dry_run` do it and roll it back, so that the counts are true."""
    found = Erased(case_id)
    found.held_until = await _held_until(databases, case_id)
    if found.held_until is not None:
        return found
    work = partial(_erase_in, databases, found, who, dry_run=dry_run)

    async def in_the_others() -> None:
        for name in sorted(databases.keys() - {ServiceName.INTAKE}):
            await work(name)

    try:
        if ServiceName.INTAKE in databases:
            await work(ServiceName.INTAKE, before_commit=in_the_others)
        else:
            await in_the_others()
    except intake.Held as held:
        found.held_until = held.until
    return found


async def cases_of_reporter(db: Database, reporter: str, progress: Callable[[int], None]) -> list[UUID]:
    """Every case with a report that names this reporter, by id; `progress` is told of reports that were looked at."""
    found: set[UUID] = set()
    place: tuple[str, str] | None = ("", "")
    while place is not None:
        async with db.connection() as connection:
            cases_found, looked_at, place = await intake_store.cases_of_reporter(
                connection, reporter, after=place, limit=REPORTS_AT_ONCE
            )
        found |= cases_found
        progress(looked_at)
    return sorted(found)


def total(erased: Collection[Erased]) -> dict[str, Counts]:
    """The sums over cases: service -> table -> rows."""
    sums: dict[str, Counts] = {}
    for one in erased:
        for service, counts in one.tables.items():
            table = sums.setdefault(service, {})
            for name, rows in counts.items():
                table[name] = table.get(name, 0) + rows
    return sums


async def _held_until(databases: Databases, case_id: UUID) -> datetime | None:
    """The hold that any of the followers knows of; intake looks for itself, under its lock."""
    for name, follower in FOLLOWERS.items():
        if name in databases:
            async with databases[name].transaction() as tx:
                until = await follower.hold(tx, case_id)
            if until is not None:
                return until
    return None


async def _erase_in(
    databases: Databases,
    found: Erased,
    who: Who,
    name: ServiceName,
    *,
    dry_run: bool,
    before_commit: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Erase it in one service, and note by table what was; nothing where it is not known."""
    erase = _in_intake if name is ServiceName.INTAKE else partial(_in_follower, FOLLOWERS[name])
    db, case_id = databases[name], found.case_id
    with suppress(_Undone):
        async with db.transaction() as tx:
            await lock_letters(tx, case_id)
            counts = await erase(tx, db, case_id, who)
            if counts is not None:
                found.tables[name.value] = counts
                told = {table: rows for table, rows in counts.items() if rows}
                await record(tx, [Entry(who.actor, "case.erase", f"case {case_id}", {"rows": told})])
            if before_commit is not None:
                await tx.execute(_WAIT_FOR_OTHERS)
                await before_commit()
            _commit_unless(dry_run)


def _commit_unless(dry_run: bool) -> None:
    if dry_run:
        raise _Undone


async def _in_intake(tx: Tx, db: Database, case_id: UUID, who: Who) -> Counts | None:
    case = await cases.lock(tx, case_id)
    return None if case is None else await intake.erase(tx, db, case, who)


async def _in_follower(follower: Follower, tx: Tx, _db: Database, case_id: UUID, _who: Who) -> Counts | None:
    if not await follower.is_known(tx, case_id):
        return None
    await follower.hold(tx, case_id)  # locks it
    return {**await follower.erase(tx, case_id), **await scrub_case(tx, case_id)}
