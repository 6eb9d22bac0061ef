"""Overrides of a schedule: read, created, deleted. Creating is once per Idempotency-Key."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from services.notifier.api.known import known_schedule, require_responder, uuid_or_404
from services.notifier.api.page_commands import actor_of
from services.notifier.api.rendering import check_instant
from services.notifier.api.shapes import NewOverride, OverrideView
from services.notifier.oncall.overrides import Override
from services.notifier.rulebooks import Rulebooks
from services.notifier.store import overrides
from shared.audit import Entry, record
from shared.contracts.vocabulary import Scope
from shared.db import Database, Tx
from shared.http.idempotency import Answer, IdempotencyDep
from shared.http.paging import DEFAULT_LIMIT, CursorParam, LimitParam, Page, decode_cursor, encode_cursor
from shared.http.problems import not_found, unprocessable
from shared.http.responses import reply
from shared.http.security import Principal, require
from shared.http.server import router

Reader = Annotated[Principal, Depends(require(Scope.ONCALL_READ))]
Writer = Annotated[Principal, Depends(require(Scope.ONCALL_WRITE))]
PATH = "/v1/schedules/{schedule_id}/overrides"
NEWEST = 2**62


def routes(db: Database, rulebooks: Rulebooks) -> APIRouter:
    """The routes under a schedule's overrides."""
    api = router(tags=["overrides"])

    @api.get(PATH, response_model=Page[OverrideView])
    async def listed(
        schedule_id: str, _: Reader, limit: LimitParam = DEFAULT_LIMIT, cursor: CursorParam = None
    ) -> Response:
        """Overrides, the last created first."""
        schedule = known_schedule(rulebooks, schedule_id)
        position = decode_cursor(cursor, int)
        before = min(position[0], NEWEST) if position else NEWEST
        async with db.connection() as connection:
            found, more = await overrides.listed(connection, schedule.id, before, limit)
        items = [OverrideView.model_validate(override) for override in found]
        return reply({"items": items, "next_cursor": None if more is None else encode_cursor(more)})

    _add_changes(api, db, rulebooks)
    return api


def _add_changes(api: APIRouter, db: Database, rulebooks: Rulebooks) -> None:
    @api.post(PATH, response_model=OverrideView, status_code=201)
    async def create(schedule_id: str, new: NewOverride, idem: IdempotencyDep, principal: Writer) -> Response:
        """Put a responder in for a span; the last created wins."""
        schedule = known_schedule(rulebooks, schedule_id)
        _check(rulebooks, new)

        async def work(tx: Tx) -> Answer:
            override = Override("", new.responder, new.start, new.end, new.replaces)
            now = await db.now(tx)
            stored = await overrides.add(tx, schedule.id, override, created_by=principal.id, now=now)
            told = new.model_dump(mode="json") | {"override_id": str(stored.override_id)}
            await record(tx, [Entry(actor_of(principal), "override.create", f"schedule {schedule.id}", told)])
            return Answer(201, OverrideView.model_validate(stored))

        return await idem.run(db, work)

    @api.delete(PATH + "/{override_id}", status_code=204)
    async def delete(schedule_id: str, override_id: str, principal: Writer) -> Response:
        """Take an override out; what it covered holds again."""
        schedule = known_schedule(rulebooks, schedule_id)
        async with db.transaction() as tx:
            if not await overrides.remove(tx, schedule.id, uuid_or_404(override_id)):
                raise not_found("There is no such override of this schedule.")
            told = {"override_id": override_id}
            await record(tx, [Entry(actor_of(principal), "override.delete", f"schedule {schedule.id}", told)])
        return Response(status_code=204)


def _check(rulebooks: Rulebooks, new: NewOverride) -> None:
    if new.end <= new.start:
        raise unprocessable(("body", "end"), "end must lie after start")
    check_instant(new.start, ("body", "start"))
    check_instant(new.end, ("body", "end"))
    require_responder(rulebooks, new.responder, "responder")
    if new.replaces is not None:
        require_responder(rulebooks, new.replaces, "replaces")
