"""The HTTP application of a service: what every service has, before it adds its own routes."""

from collections.abc import Sequence
from typing import Protocol

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from shared.clock import Clock
from shared.components.component import Component
from shared.config.holder import ConfigHolder
from shared.http.documentation import docs_page
from shared.http.edge import Edge
from shared.http.handlers import add_handlers
from shared.http.health import Checked, add_health
from shared.http.openapi import describe
from shared.http.responses import reply
from shared.http.routing import EdgeRoute, router
from shared.http.security import Security
from shared.observability.metrics import Metrics, version
from shared.observability.tracing import tracer_of

__all__ = ["create_app", "router"]


class EdgeResources(Protocol):
    """What the edge needs of a service's resources."""

    @property
    def clock(self) -> Clock: ...

    @property
    def config(self) -> ConfigHolder: ...

    @property
    def metrics(self) -> Metrics: ...

    @property
    def lifecycle(self) -> Checked: ...

    @property
    def watched(self) -> Sequence[Checked]: ...


def create_app(*, service: str, title: str, resources: EdgeResources, components: Sequence[Component]) -> FastAPI:
    """The application: health, metrics and documentation without a key; problems, limits and headers for all.

    `/readyz` asks the lifecycle, the configuration, what is watched and `components`. Add routes by
    `app.include_router(router)`, made with `shared.http.server.router()`.
    """
    app = FastAPI(
        title=title,
        version=version(),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.router.route_class = EdgeRoute
    app.state.clock = resources.clock
    app.state.security = Security(resources.config, resources.clock)
    add_handlers(app)
    add_health(app, [resources.lifecycle, resources.config, *resources.watched, *components], resources.metrics)
    _add_documentation(app)
    app.add_middleware(Edge, metrics=resources.metrics, tracer=tracer_of(service))
    return app


def _add_documentation(app: FastAPI) -> None:
    async def openapi(_request: Request) -> Response:
        return reply(describe(app))

    async def docs(_request: Request) -> Response:
        return docs_page(describe(app))

    app.add_route("/openapi.json", openapi, methods=["GET"], include_in_schema=False)
    app.add_route("/docs", docs, methods=["GET"], include_in_schema=False)
