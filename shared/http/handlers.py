"""Turns every error below a route into a problem: nothing leaves as plain text, and bad input is never a 500."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from shared.errors import Transient
from shared.http.problems import MOST_ERRORS, Location, Problem, invalid, not_found, unavailable

_TITLES = {400: "Bad request", 404: "Not found", 405: "Method not allowed", 413: "Body too large"}
_SLUGS = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 413: "body-too-large"}


def add_handlers(app: FastAPI) -> None:
    """Register them; FastAPI calls the one of the nearest class."""
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Transient, _on_transient)


async def _on_http(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return error.response(request.url.path)
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return not_found().response(request.url.path)
    if error.status_code == 405:
        return _wrong_method(request)
    status = error.status_code
    problem = Problem(status, _SLUGS.get(status, "refused"), _TITLES.get(status, "Refused"), str(error.detail))
    return problem.response(request.url.path)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [located(details) for details in error.errors()[:MOST_ERRORS]]
    if any(loc[:1] == ("path",) for loc, _ in errors):
        return not_found().response(request.url.path)
    return invalid(errors).response(request.url.path)


async def _on_transient(request: Request, error: Exception) -> Response:
    assert isinstance(error, Transient)
    return unavailable(error.retry_after).response(request.url.path)


def located(details: Any) -> tuple[Location, str]:
    """(place, message) of one of pydantic's errors."""
    return tuple(details["loc"]), str(details["msg"]).removeprefix("Value error, ")


def _wrong_method(request: Request) -> Response:
    """405 with every method of the path; OPTIONS is answered with them."""
    allowed = ", ".join(sorted({"OPTIONS", *_methods_of(request)}))
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": allowed})
    detail = f"Here one can {allowed}."
    return Problem(405, "method-not-allowed", "Method not allowed", detail, headers={"Allow": allowed}).response(
        request.url.path
    )


def _methods_of(request: Request) -> Iterable[str]:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        scope = {"type": "http", "path": request.scope["path"], "root_path": "", "method": method, "headers": []}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            yield from ("GET", "HEAD") if method == "GET" else (method,)
