"""The pages of this installation: every change of them, each in one transaction with its events.

Consumes timers (`step_on`, `hand_over`) and commands; emits tocsin.pages and attempts. Events come by `handlers`.
"""

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

import structlog

from services.notifier import pages
from services.notifier.case_pages import CasePages
from services.notifier.desk import Desk
from services.notifier.metrics import NotifierMetrics
from services.notifier.pages import Page, Reason
from services.notifier.rulebooks import Rulebooks
from services.notifier.store import cases, overrides
from shared.audit import Entry, record
from shared.contracts.events import Actor
from shared.contracts.page_events import PageExhausted
from shared.contracts.vocabulary import PageReasonKind, Severity, Urgency
from shared.db import Database, Tx
from shared.ids import uuid7

SWEEP_LIMIT = 200

log = structlog.get_logger(__name__)


class Paging:
    """`wake` is called after each commit that intended attempts or enqueued events."""

    def __init__(
        self, db: Database, rulebooks: Rulebooks, metrics: NotifierMetrics, *, wake: Callable[[], None]
    ) -> None:
        self._db = db
        self._rulebooks = rulebooks
        self._metrics = metrics
        self._wake = wake

    async def step_on(self) -> int:
        """Take the next step of every page whose last one was not acknowledged in time."""

        def change(desk: Desk, case: CasePages) -> None:
            for page in case.open_pages():
                if page.step_due_at is not None and page.step_due_at <= desk.now:
                    desk.step_on(case, page)

        if not await self._any_step_due():
            return 0
        async with self._db.transaction() as tx:
            due = await cases.load_due(tx, await self._db.now(tx), SWEEP_LIMIT)
            changed = await self._change(tx, due.values(), change)
        self.done(changed)
        return len(changed)

    async def hand_over(self) -> int:
        """Page whoever came on call while a page that asked their schedule is unacknowledged."""

        def change(desk: Desk, case: CasePages) -> None:
            for page in case.open_pages():
                desk.hand_over(case, page)

        async with self._db.transaction() as tx:
            desk = await self.desk(tx)
            current = {
                schedule: desk.rulebook.on_call(schedule, desk.now).responder for schedule in desk.rulebook.plans
            }
            found = await cases.load_changed_on_call(tx, current, SWEEP_LIMIT)
            changed = await self._change(tx, found.values(), change)
        self.done(changed)
        return len(changed)

    async def acknowledge(self, tx: Tx, page_id: UUID, by: Actor) -> tuple[Page, CasePages] | None:
        """Acknowledge a page; None when there is no such page. Call `done` with the case after the commit."""
        return await self._command(
            tx, page_id, "acknowledge", by, lambda desk, case, page: desk.acknowledge(case, page, by)
        )

    async def resolve(self, tx: Tx, page_id: UUID, by: Actor) -> tuple[Page, CasePages] | None:
        """Close a page by hand; None when there is no such page."""
        return await self._command(
            tx, page_id, "resolve", by, lambda desk, case, page: desk.resolve(case, page, pages.MANUAL, by)
        )

    async def open_manual(
        self, tx: Tx, *, policy: str, summary: str, urgency: Urgency, case_id: UUID | None, by: Actor
    ) -> tuple[Page, CasePages]:
        """A page that a person asks for."""
        page_id = uuid7()
        case = (await cases.load(tx, {case_id or page_id: case_id}))[case_id or page_id]
        severity = case.summary.severity if case.summary else None
        told = {"policy": policy, "urgency": urgency, "case_id": None if case_id is None else str(case_id)}
        await record(tx, [Entry(by, "page.open", f"page {page_id}", told)])
        return await self._open(tx, case, page_id, policy, urgency, severity, PageReasonKind.MANUAL, summary, by)

    async def open_platform(self, tx: Tx, *, policy: str, urgency: Urgency, summary: str) -> CasePages | None:
        """The page that says that Tocsin itself does not see what happens; None while one is open."""
        await cases.lock_platform(tx)
        if await self._platform_pages(tx):
            return None
        page_id = uuid7()
        case = (await cases.load(tx, {page_id: None}))[page_id]
        kind = PageReasonKind.PLATFORM
        return (await self._open(tx, case, page_id, policy, urgency, None, kind, summary, None))[1]

    async def close_platform(self, tx: Tx, why: str) -> list[CasePages]:
        """Close it again."""
        open_ones = await self._platform_pages(tx)

        def change(desk: Desk, case: CasePages) -> None:
            desk.close(case, lambda reason: reason.kind is PageReasonKind.PLATFORM, why)

        return await self._change(tx, open_ones, change)

    def done(self, changed: Sequence[CasePages]) -> None:
        """A transaction that changed these is committed: count, and send what it intended."""
        for case in changed:
            self._metrics.committed(case)
            for event, page, _ in case.said:
                if event is PageExhausted:
                    log.error("page exhausted", page_id=str(page.page_id), case_id=str(case.case_id or ""))
        if changed:
            self._wake()

    async def _any_step_due(self) -> bool:
        """A look without locks: most sweeps find nothing."""
        async with self._db.connection() as connection:
            return await cases.any_due(connection, self._db.offset)

    async def _platform_pages(self, tx: Tx) -> list[CasePages]:
        return [
            case
            for case in await cases.load_platform(tx)
            if any(page.has_open(PageReasonKind.PLATFORM) for page in case.open_pages())
        ]

    async def _open(
        self,
        tx: Tx,
        case: CasePages,
        page_id: UUID,
        policy: str,
        urgency: Urgency,
        severity: Severity | None,
        kind: PageReasonKind,
        summary: str,
        by: Actor | None,
    ) -> tuple[Page, CasePages]:
        desk = await self.desk(tx)
        page = Page(
            page_id=page_id,
            key=case.key,
            case_id=case.case_id,
            policy=policy,
            severity=severity,
            urgency=urgency,
            reasons=(Reason(kind, desk.now),),
            created_at=desk.now,
            summary=summary,
        )
        page = desk.open(case, page, by)
        await cases.save(tx, [case], desk.now)
        return page, case

    async def _command(
        self, tx: Tx, page_id: UUID, name: str, by: Actor, command: Callable[[Desk, CasePages, Page], Page]
    ) -> tuple[Page, CasePages] | None:
        """Carry a command out; what it changes is audited, a second time changes nothing."""
        case = await cases.load_page(tx, page_id)
        if case is None:
            return None
        desk = await self.desk(tx, with_overrides=False)
        page = command(desk, case, case.pages[page_id])
        if case.said:
            await record(tx, [Entry(by, f"page.{name}", f"page {page_id}")])
        await cases.save(tx, [case], desk.now)
        return page, case

    async def _change(
        self, tx: Tx, found: Iterable[CasePages], change: Callable[[Desk, CasePages], None]
    ) -> list[CasePages]:
        found = list(found)
        if found:
            desk = await self.desk(tx)
            for case in found:
                change(desk, case)
            await cases.save(tx, found, desk.now)
        return found

    async def desk(self, tx: Tx, *, with_overrides: bool = True) -> Desk:
        """The desk of this instant; call it with the locks held."""
        now = await self._db.now(tx)
        found = await overrides.in_force(tx, now) if with_overrides else {}
        return Desk(self._rulebooks.rulebook(found), self._rulebooks.ways(), now)
