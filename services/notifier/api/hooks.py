"""Inbound hooks of providers: the signature over the raw body is the only key (contract section 7).

Wrong or stale is 401. What is genuine is taken once: the same again is answered as the first and changes nothing;
the same signed content under another delivery id is a replay by somebody else, and refused.
"""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.notifier.hooks import twilio
from services.notifier.hooks.deliveries import FORM, Delivery
from services.notifier.inbound import PROVIDERS, Effect, Inbound, Verified
from services.notifier.paging import Paging
from services.notifier.settings import LinkSettings
from services.notifier.store import hooks
from services.notifier.store.hooks import Taken
from shared.clock import Clock
from shared.db import Database, Tx
from shared.http.problems import MEDIA_TYPE, Problem, not_found, unauthenticated
from shared.http.server import router

PATH = "/v1/hooks/{provider}"
XML = "text/xml"
SAID_YES = b'<?xml version="1.0" encoding="UTF-8"?><Response><Say>Acknowledged. Thank you.</Say><Hangup/></Response>'
SAID_NO = b'<?xml version="1.0" encoding="UTF-8"?><Response><Say>Nothing was acknowledged.</Say><Hangup/></Response>'

DESCRIBED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {name: {"schema": {"type": "object"}} for name in (FORM, "application/json")},
    }
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Taken, with what the provider needs to hear.", "content": {XML: {}}},
    204: {"description": "Taken, with or without effect."},
    401: {
        "description": "The signature is wrong or stale, or the delivery is a replay.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}


def routes(db: Database, paging: Paging, inbound: Inbound, links: LinkSettings, clock: Clock) -> APIRouter:
    """One route for all providers."""
    api = router(tags=["hooks"])

    @api.post(PATH, status_code=204, response_class=Response, responses=ANSWERS, openapi_extra=DESCRIBED)
    async def hook(provider: str, request: Request) -> Response:
        """A delivery of twilio, slack or pagerduty."""
        how = PROVIDERS.get(provider)
        if how is None:
            raise not_found("There is no such provider of hooks.")
        delivery = await _delivery(request, links.public_url, clock)
        verified = inbound.verify(how, delivery)
        if verified is None:
            raise _refused()
        delivery_id = how.delivery_id(delivery)
        effect = Effect()
        async with db.transaction() as tx:
            before = await hooks.take(tx, provider, verified.signed, delivery_id)
            if before is None:
                effect = await inbound.apply(tx, verified, how.read(delivery))
                answer = _answer(provider, delivery, effect, delivery_id)
                await _keep(tx, provider, verified, answer)
            elif before.delivery_id == delivery_id:
                answer = before
            else:
                raise _refused()
        paging.done(effect.changed)
        return Response(answer.body, answer.status, media_type=answer.media_type)

    return api


async def _delivery(request: Request, public_url: str, clock: Clock) -> Delivery:
    query = str(request.scope["query_string"], "latin-1")
    url = f"{public_url}{request.scope['path']}" + (f"?{query}" if query else "")
    return Delivery(dict(request.headers), await request.body(), url, query, clock.now())


async def _keep(tx: Tx, provider: str, verified: Verified, answer: Taken) -> None:
    await hooks.answered(tx, provider, verified.signed, answer.status, answer.media_type, answer.body)


def _answer(provider: str, delivery: Delivery, effect: Effect, delivery_id: str) -> Taken:
    """204, or what the provider waits for: Slack 200, Twilio what to say in a call."""
    if provider == "twilio" and twilio.is_call(delivery):
        return Taken(delivery_id, 200, XML, SAID_YES if effect.acknowledged else SAID_NO)
    return Taken(delivery_id, 200 if provider == "slack" else 204, None, b"")


def _refused() -> Problem:
    return unauthenticated("The signature is wrong, or too old, or this delivery was taken before under another id.")
