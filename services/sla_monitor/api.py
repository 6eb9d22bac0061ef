"""HTTP: the clocks of a case, all clocks by due, and the calculator (contract section 6)."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.sla_monitor.announcing import view_of
from services.sla_monitor.definitions import Rules
from services.sla_monitor.explaining import explained
from services.sla_monitor.preview import Refused, calculate
from services.sla_monitor.preview_shapes import PreviewAnswer, PreviewQuestion, answer_of, question_of
from services.sla_monitor.rulebook import Rulebook
from services.sla_monitor.settlement import Clock
from services.sla_monitor.store import cases, clocks
from shared.contracts.clock_explanation import ExplainedClock
from shared.contracts.scalars import Instant
from shared.contracts.views import ClockView
from shared.contracts.vocabulary import ClockKind, ClockState, Scope
from shared.db import Database, Tx
from shared.http.idempotency import Answer, IdempotencyDep
from shared.http.paging import DEFAULT_LIMIT, CursorParam, LimitParam, Page, decode_cursor, encode_cursor
from shared.http.problems import not_yet_known, unprocessable
from shared.http.security import require
from shared.http.server import router

READ = Depends(require(Scope.SLA_READ))
READ_CASES = Depends(require(Scope.SLA_READ, persons=True))


def routes(db: Database, rulebook: Rulebook) -> APIRouter:
    """The routes of sla_monitor."""
    api = router()
    lists = Lists(db, rulebook)

    @api.get("/v1/cases/{case_id}/clocks", dependencies=[READ_CASES])
    async def clocks_of_case(
        case_id: UUID, limit: LimitParam = DEFAULT_LIMIT, cursor: CursorParam = None
    ) -> Page[ExplainedClock]:
        """The clocks of a case, soonest due first, each with why it is due when it is."""
        await lists.require_known(case_id)
        return await lists.explained(case_id, limit=limit, cursor=cursor)

    @api.get("/v1/clocks", dependencies=[READ_CASES])
    async def all_clocks(
        state: ClockState | None = None,
        kind: ClockKind | None = None,
        due_before: Instant | None = None,
        limit: LimitParam = DEFAULT_LIMIT,
        cursor: CursorParam = None,
    ) -> Page[ClockView]:
        """Clocks of all cases, soonest due first."""
        narrowed = clocks.Narrowed(state=state, kind=kind, due_before=due_before)
        return await lists.page(narrowed, limit=limit, cursor=cursor)

    @api.post("/v1/sla/preview", dependencies=[READ], response_model=PreviewAnswer)
    async def preview(asked: PreviewQuestion, idem: IdempotencyDep) -> Response:
        """When such a clock falls due and how it stands. Nothing is stored but the answer for an Idempotency-Key."""

        async def work(_tx: Tx | None = None) -> Answer:
            found = await _calculated(asked, rulebook.latest, present=asked.now or await lists.now())
            return Answer(200, found.model_dump_json().encode())

        return (await work()).response() if idem.claim is None else await idem.run(db, work)

    return api


async def _calculated(asked: PreviewQuestion, rules: Rules, *, present: datetime) -> PreviewAnswer:
    """The answer, reckoned beside the loop: a question may span centuries."""
    try:
        question = question_of(asked, rules, present=present)
        return answer_of(await asyncio.to_thread(calculate, question))
    except Refused as refused:
        raise unprocessable(("body", refused.field), refused.message) from None


class Lists:
    """Pages of clocks as they stand at the moment of asking."""

    def __init__(self, db: Database, rulebook: Rulebook) -> None:
        self._db = db
        self._rulebook = rulebook

    async def now(self) -> datetime:
        """The database's present instant."""
        async with self._db.connection() as connection:
            return await self._db.now(connection)

    async def require_known(self, case_id: UUID) -> None:
        """404 until intake was heard of the case."""
        async with self._db.connection() as connection:
            if not await cases.is_known(connection, case_id):
                raise not_yet_known()

    async def page(self, narrowed: clocks.Narrowed, *, limit: int, cursor: str | None) -> Page[ClockView]:
        """One page, soonest due first."""
        found, now = await self._soonest(narrowed, limit=limit, cursor=cursor)
        items = [view_of(clock, self._rulebook.get(clock.version), now) for clock in found[:limit]]
        return Page(items=items, next_cursor=_next(found, limit))

    async def explained(self, case_id: UUID, *, limit: int, cursor: str | None) -> Page[ExplainedClock]:
        """One page of the clocks of a case, explained."""
        found, now = await self._soonest(clocks.Narrowed(case_id=case_id), limit=limit, cursor=cursor)
        items = [explained(clock, self._rulebook.get(clock.version), now) for clock in found[:limit]]
        return Page(items=items, next_cursor=_next(found, limit))

    async def _soonest(
        self, narrowed: clocks.Narrowed, *, limit: int, cursor: str | None
    ) -> tuple[list[Clock], datetime]:
        """One clock more than `limit` where there is one, and the present."""
        async with self._db.connection() as connection:
            found = await clocks.soonest(connection, narrowed, after=_place(cursor), limit=limit + 1)
            now = await self._db.now(connection)
        await self._rulebook.ready(clock.version for clock in found)
        return found, now


def _next(found: list[Clock], limit: int) -> str | None:
    return _cursor(found[limit - 1]) if len(found) > limit else None


def _cursor(clock: Clock) -> str:
    due = clocks.NO_DUE if clock.due_at is None else clock.due_at.isoformat()
    return encode_cursor(due, str(clock.clock_id))


def _place(cursor: str | None) -> tuple[str, UUID] | None:
    position = decode_cursor(cursor, str, str)
    if position is None:
        return None
    due, clock_id = position
    try:
        place = due if due == clocks.NO_DUE else datetime.fromisoformat(due).astimezone(UTC).isoformat()
        return place, UUID(clock_id)
    except (ValueError, OverflowError):
        raise unprocessable(("query", "cursor"), "This is no cursor of this list; take next_cursor as given.") from None
