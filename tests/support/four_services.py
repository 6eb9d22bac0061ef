"""The applications of all four services in this process, on a real database, with nothing running behind them."""

import importlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route

from shared.runtime.resources import Resources, open_resources
from shared.settings import KafkaSettings, Settings
from tests.support.installation import SERVICES

NOWHERE = KafkaSettings(bootstrap="127.0.0.1:1", replication=1)


@asynccontextmanager
async def four_services(
    database_url: str, config_dir: Path, kafka: KafkaSettings = NOWHERE
) -> AsyncIterator[dict[str, FastAPI]]:
    """service -> its application; with `app.state.resources` and, by name, `app.state.components`."""
    async with AsyncExitStack() as stack:
        apps = {}
        for service in SERVICES:
            settings = Settings(
                database_url=database_url, kafka=kafka, config_dir=config_dir, secret_key="of-tests-alone-and-long"
            )
            resources: Resources = await open_resources(service, settings)
            stack.push_async_callback(resources.close)
            build = importlib.import_module(f"services.{service}.app").build
            built = build(settings, resources)
            apps[service] = built.api
            apps[service].state.resources = resources
            apps[service].state.components = {component.name: component for component in built.components}
        yield apps


def route_table(app: FastAPI) -> set[tuple[str, str]]:
    """(method, path) of everything that the application really answers, described or not."""
    return {(method, route.path) for route in _routes(app.routes) for method in route.methods or () if method != "HEAD"}


def described(app: FastAPI, document: dict[str, Any]) -> set[tuple[str, str]]:
    """(method, path) of every operation in the OpenAPI document."""
    return {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}


def _routes(routes: Any) -> Iterator[Route | APIRoute]:
    for route in routes:
        if inner := getattr(route, "original_router", None) or getattr(route, "app", None):
            inner_routes = getattr(inner, "routes", None)
            if inner_routes is not None:
                yield from _routes(inner_routes)
                continue
        assert isinstance(route, Route), f"a route of a kind that this walk does not know: {route!r}"
        yield route
