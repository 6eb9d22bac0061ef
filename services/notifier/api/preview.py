"""POST /v1/schedules/preview: the resolver alone, for a schedule that need not be configured."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from services.notifier.api.rendering import check_effort, check_span, rendered
from services.notifier.api.shapes import PreviewAnswer, PreviewOverride, PreviewRequest
from services.notifier.oncall.overrides import Override
from services.notifier.oncall.plans import plan_of
from shared.contracts.vocabulary import Scope
from shared.db import Database, Tx
from shared.http.idempotency import Answer, IdempotencyDep
from shared.http.problems import unprocessable
from shared.http.security import Principal, require
from shared.http.server import router

Reader = Annotated[Principal, Depends(require(Scope.ONCALL_READ))]


def routes(db: Database) -> APIRouter:
    """The one route; without an Idempotency-Key it asks no database."""
    api = router(tags=["schedules"])

    @api.post("/v1/schedules/preview", response_model=PreviewAnswer)
    async def preview(asked: PreviewRequest, idem: IdempotencyDep, _: Reader) -> Response:
        """Who would be on call, when, and why."""
        check_span(asked.start, asked.end, "body")
        check_effort(asked.schedule, asked.end - asked.start)
        overrides = [_override(index, override) for index, override in enumerate(asked.overrides)]
        plan = plan_of(asked.schedule, overrides)

        async def work(_tx: Tx | None = None) -> Answer:
            return Answer(200, await rendered(plan, asked.start, asked.end))

        return (await work()).response() if idem.claim is None else await idem.run(db, work)

    return api


def _override(index: int, override: PreviewOverride) -> Override:
    if override.end <= override.start:
        raise unprocessable(("body", "overrides", index, "end"), "end must lie after start")
    name = override.override_id or f"override-{index + 1}"
    return Override(name, override.responder, override.start, override.end, override.replaces)
