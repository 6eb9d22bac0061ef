"""The outermost layer of every request: metrics, trace, security headers, HEAD, and the last catch for faults.

Plain ASGI: nothing is buffered, and a request costs microseconds.
"""

import time
from collections.abc import MutableMapping, Sequence
from typing import Any

import structlog
from opentelemetry.trace import Tracer
from prometheus_client import Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.problems import Problem, internal, not_found, unprocessable
from shared.observability.metrics import Metrics
from shared.observability.tracing import name_span, request_span

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
CLIENT_GONE = 499
PLAIN = frozenset({"/livez", "/readyz", "/metrics", "/docs", "/openapi.json"})
"""Paths of routes that carry no template."""

_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
)
"""Of every answer; a page brings its own policy."""

_ONLY_HTTPS = (b"strict-transport-security", b"max-age=31536000")
"""Where the request came by https: directly, or by a proxy that uvicorn trusts (FORWARDED_ALLOW_IPS)."""

log = structlog.get_logger(__name__)


class Edge:
    """Wraps the whole application of a service."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, tracer: Tracer | None) -> None:
        self._app = app
        self._tracer = tracer
        self._durations = _Durations(
            metrics.histogram(
                "tocsin_http_request_duration_seconds",
                "From the request's head to the end of the answer.",
                ("method", "route", "status"),
            )
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        method = scope["method"] if scope["method"] in METHODS else "other"
        answer = _Answer(send, without_body=scope["method"] == "HEAD", secure=scope.get("scheme") == "https")
        inner = {**scope, "method": "GET"} if answer.without_body else scope
        with request_span(self._tracer, method, _header(scope, b"traceparent")):
            await self._handle(inner, receive, answer)
            name_span(f"{method} {_path(inner)}")  # the template: a path may hold the token of a link
        self._durations.observe(method, _path(inner), answer.status, time.perf_counter() - started)

    async def _handle(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            refused = _unusable(scope)
            if refused is None:
                await self._app(scope, receive, answer.send)
            else:
                await refused.response(scope["path"])(scope, receive, answer.send)
        except ClientDisconnect:
            answer.status = CLIENT_GONE
        except Exception:
            log.exception("request failed", method=scope["method"], route=_path(scope))
            if answer.started:
                raise
            await internal().response(scope["path"])(scope, receive, answer.send)


class _Answer:
    """Sends on what the application answers, with the headers of every answer; remembers the status."""

    def __init__(self, send: Send, *, without_body: bool, secure: bool) -> None:
        self._send = send
        self._headers = (*_HEADERS, _ONLY_HTTPS) if secure else _HEADERS
        self.without_body = without_body
        self.status = 500
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            _add_headers(message, self._headers)
        elif self.without_body and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


class _Durations:
    """Observes with the histogram's children kept, since resolving labels costs more than observing."""

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._children: dict[tuple[str, str, int], Any] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        key = (method, route, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._histogram.labels(method, route, str(status))
        child.observe(seconds)


def _path(scope: Scope) -> str:
    """The template of the route that was found, so that no id becomes a label."""
    path: str = scope["path"]
    return path if path in PLAIN else str(getattr(scope.get("route"), "path", "unmatched"))


def _unusable(scope: Scope) -> Problem | None:
    """NUL cannot stand in anything that is stored or looked up."""
    if "\x00" in scope["path"]:
        return not_found()
    if b"%00" in scope["query_string"]:
        return unprocessable(("query",), "A parameter holds NUL; take it out.")
    return None


def _header(scope: Scope, wanted: bytes) -> str | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return str(value, "latin-1")
    return None


def _add_headers(message: MutableMapping[str, Any], headers: Sequence[tuple[bytes, bytes]]) -> None:
    present = message.setdefault("headers", [])
    names = {name.lower() for name, _ in present}
    message["headers"] = [*present, *((name, value) for name, value in headers if name not in names)]
