"""The hot path: a route that reads its own request instead of letting FastAPI solve it.

FastAPI still describes the operation from the signature of its endpoint, so the documentation stays true;
only the solving of dependencies, half of the cost of a request, is left out.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.http.bodies import EdgeRequest, require_json
from shared.http.idempotency import Idempotency
from shared.http.routing import EdgeRoute, requirements_of
from shared.http.security import Principal

Direct = Callable[[Any, Principal, Idempotency], Awaitable[Response]]
"""What takes the JSON that was sent, by whom, and under which key."""


def add_direct(app: FastAPI, path: str, endpoint: Callable[..., Any], take: Direct, **described: Any) -> None:
    """Put a POST before all other routes of `app`: it admits by `endpoint`'s scope, reads JSON and calls `take`."""

    class DirectRoute(EdgeRoute):
        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["method"] != "POST":
                await super().handle(scope, receive, send)
                return
            principal = requirement.check(scope)
            request = EdgeRequest(scope, receive)
            if await request.body():
                require_json(request.headers)
            response = await take(await request.json(), principal, await Idempotency.of(request))
            await response(scope, receive, send)

    app.router.add_api_route(path, endpoint, methods=["POST"], route_class_override=DirectRoute, **described)
    route = app.router.routes.pop()
    assert isinstance(route, DirectRoute)
    (requirement,) = requirements_of(route.dependant)
    app.router.routes.insert(0, route)
