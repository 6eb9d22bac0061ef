"""Routes that admit before they read: key, scope and rate first, then media type, size and JSON of the body."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from shared.http.bodies import EdgeRequest, require_json
from shared.http.security import Require

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class EdgeRoute(APIRoute):
    """A route of the edge. Without this FastAPI would parse the body of a caller whom nobody knows."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        scopes = [needed.scope.value for needed in requirements_of(self.dependant) if needed.scope is not None]
        if scopes:
            self.openapi_extra = {**(self.openapi_extra or {}), "x-scopes": scopes}

    def get_route_handler(self) -> Handler:
        """FastAPI's handler behind the edge's own checks."""
        handle = super().get_route_handler()
        requirements = requirements_of(self.dependant)
        takes_json = self.body_field is not None

        async def admit_and_handle(request: Request) -> Response:
            for requirement in requirements:
                requirement.check(request.scope)
            edge_request = EdgeRequest(request.scope, request.receive)
            if takes_json and await edge_request.body():
                require_json(request.headers)
            return await handle(edge_request)

        return admit_and_handle


def router(**options: Any) -> APIRouter:
    """An `APIRouter` whose routes admit before they read; every service builds its API with it."""
    return APIRouter(route_class=EdgeRoute, **options)


def requirements_of(dependant: Dependant) -> list[Require]:
    """Every `require(...)` that a route depends on."""
    own = [dependant.call] if isinstance(dependant.call, Require) else []
    return own + [found for inner in dependant.dependencies for found in requirements_of(inner)]
