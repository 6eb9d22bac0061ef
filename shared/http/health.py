"""Whether a process lives and whether it can do its work: /livez, /readyz and /metrics, without a key."""

from collections.abc import Sequence
from typing import Protocol

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from shared.components.component import Check, Component
from shared.http.responses import reply
from shared.observability.metrics import CONTENT_TYPE, Metrics


class Checked(Protocol):
    """What `/readyz` asks: something with a name and a check."""

    @property
    def name(self) -> str: ...

    def check(self) -> Check: ...


def add_health(app: FastAPI, checked: Sequence[Checked | Component], metrics: Metrics) -> None:
    """Add the three routes to `app`. `/readyz?exclude=NAME` shows that check and does not judge by it."""

    async def livez(_request: Request) -> Response:
        return reply({"status": "ok", "checks": {"process": {"ok": True, "detail": ""}}})

    async def readyz(request: Request) -> Response:
        checks = {part.name: part.check() for part in checked}
        left_out = request.query_params.getlist("exclude")
        ready = all(check.ok for name, check in checks.items() if name not in left_out)
        shown = {name: {"ok": check.ok, "detail": check.detail} for name, check in checks.items()}
        return reply({"status": "ok" if ready else "not ready", "checks": shown}, 200 if ready else 503)

    async def scrape(_request: Request) -> Response:
        return Response(await metrics.scrape(), media_type=CONTENT_TYPE)

    for path, answer in (("/livez", livez), ("/readyz", readyz), ("/metrics", scrape)):
        app.add_route(path, answer, methods=["GET"], include_in_schema=False)
