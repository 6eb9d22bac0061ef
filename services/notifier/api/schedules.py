"""GET /v1/schedules: the configured schedules, who is on call in them, and their shifts."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from services.notifier.api.known import known_schedule
from services.notifier.api.rendering import asked, check_instant, check_span, rendered
from services.notifier.api.shapes import NextShift, OnCallAnswer, ShiftsAnswer, plain
from services.notifier.oncall.plans import plan_of
from services.notifier.rulebooks import Rulebooks
from services.notifier.store import overrides
from shared.clock import Clock
from shared.config.schedules import Schedule
from shared.contracts.scalars import Instant
from shared.contracts.vocabulary import Scope
from shared.db import Database
from shared.http.paging import DEFAULT_LIMIT, CursorParam, LimitParam, Page, decode_cursor, encode_cursor
from shared.http.responses import reply
from shared.http.security import Principal, require
from shared.http.server import router
from shared.tzdata import tzdata_version

Reader = Annotated[Principal, Depends(require(Scope.ONCALL_READ))]
At = Annotated[Instant | None, Query(description="The instant; default now.")]


def routes(db: Database, rulebooks: Rulebooks, clock: Clock) -> APIRouter:
    """The routes that read."""
    api = router(tags=["schedules"])

    @api.get("/v1/schedules", response_model=Page[Schedule])
    async def schedules(_: Reader, limit: LimitParam = DEFAULT_LIMIT, cursor: CursorParam = None) -> Response:
        """Every schedule, in the order of the configuration."""
        position = decode_cursor(cursor, int)
        start = position[0] if position else 0
        found = rulebooks.configuration.oncall.schedules
        more = encode_cursor(start + limit) if 0 <= start + limit < len(found) else None
        return reply({"items": [plain(schedule) for schedule in found[max(0, start) :][:limit]], "next_cursor": more})

    @api.get("/v1/schedules/{schedule_id}", response_model=Schedule)
    async def schedule(schedule_id: str, _: Reader) -> Response:
        """One schedule as it is configured."""
        return reply(plain(known_schedule(rulebooks, schedule_id)))

    @api.get("/v1/schedules/{schedule_id}/on-call", response_model=OnCallAnswer)
    async def on_call(schedule_id: str, _: Reader, at: At = None) -> Response:
        """Who is on call, until when, why, and who comes next."""
        found = known_schedule(rulebooks, schedule_id)
        at = at or clock.now() + db.offset
        check_instant(at, ("query", "at"))
        return reply(await _answer(db, rulebooks, found, at))

    @api.get("/v1/schedules/{schedule_id}/shifts", response_model=ShiftsAnswer)
    async def shifts(schedule_id: str, start: Instant, end: Instant, _: Reader) -> Response:
        """The shifts of a span of at most two years, clipped to it."""
        found = known_schedule(rulebooks, schedule_id)
        check_span(start, end, "query")
        async with db.connection() as connection:
            plan = plan_of(found, await overrides.within(connection, found.id, start, end))
        shown: dict[str, Any] = dict(await rendered(plan, start, end))
        return reply(ShiftsAnswer(**shown, items=shown["shifts"], **_versions(rulebooks)))

    return api


async def _answer(db: Database, rulebooks: Rulebooks, schedule: Schedule, at: Instant) -> OnCallAnswer:
    async with db.connection() as connection:
        plan = plan_of(schedule, await overrides.from_on(connection, schedule.id, at))
    found = await asked(plan, at)
    upcoming = found.upcoming
    return OnCallAnswer(
        at=at,
        responder=found.responder,
        source=found.source,
        until=found.until,
        next=NextShift(responder=upcoming.responder, start=upcoming.start) if upcoming else None,
        **_versions(rulebooks),
    )


def _versions(rulebooks: Rulebooks) -> dict[str, str]:
    return {"config_version": rulebooks.configuration.version, "tzdata_version": tzdata_version()}
