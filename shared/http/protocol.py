"""HTTP/1.1 on the wire: uvicorn's protocol over httptools, with limits before a request reaches the application.

httptools itself bounds nothing: neither the request line, nor the headers, nor the time that they may take. Every
refusal here is a problem (RFC 9457) and closes the connection.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httptools
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.http.problems import Problem, busy

MAX_TARGET = 8 * 1024
"""Bytes of path and query."""

MAX_HEADERS = 100
MAX_HEAD = 32 * 1024
"""Bytes of the request line and all headers."""

HEAD_TIMEOUT = 10.0
"""Seconds from the first byte of a connection or request to the end of its headers."""

BODY_TIMEOUT = 30.0
"""Seconds from the end of the headers to the end of the body."""

WRITE_TIMEOUT = 30.0
"""Seconds in which a caller must take some of an answer."""

MAX_CONNECTIONS = 2048
MAX_REQUESTS = 1024
"""Requests in flight in one process; each may hold a body in memory."""

PROBES = frozenset({"/livez", "/readyz", "/metrics"})
"""Answered also when no other request is: a busy process is not a dead one."""

_HEADERS = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "connection": "close",
}


class _TooMuch(Exception):
    """Ends the parsing of a request that goes beyond a limit."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. At most one of the head's and the body's deadline runs at a time."""

    _refusal: Problem | None = None
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _in_head = True
    _head_size = 0
    _unfinished = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._close_with(busy())
            return
        self._within(HEAD_TIMEOUT, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        was_in_head = self._in_head
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False  # what follows would be another protocol
        except httptools.HttpParserError:
            self._close_with(self._refusal or _malformed())
        else:
            if was_in_head and self._in_head:
                self._count_unfinished(len(data))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_size, self._unfinished = True, 0, 0
        if self._deadline is None:
            self._within(HEAD_TIMEOUT, self._head_is_late)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_TARGET:
            raise self._beyond(_target_too_long())
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            raise self._beyond(_head_too_large())
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._within(BODY_TIMEOUT, self._body_is_late)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_time()
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(WRITE_TIMEOUT, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        crowded = len(self.tasks) >= MAX_REQUESTS and cycle.scope["path"] not in PROBES
        chosen: Any = _refuse_as_busy if crowded else app
        super()._start_asgi_task(cycle, chosen)

    def _count_unfinished(self, size: int) -> None:
        """A header is told of when it is whole: one that never ends is counted by what came in."""
        self._unfinished += size
        if self._unfinished > MAX_HEAD:
            self._close_with(_head_too_large())

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > MAX_HEAD:
            raise self._beyond(_head_too_large())

    def _beyond(self, problem: Problem) -> _TooMuch:
        self._refusal = problem
        return _TooMuch()

    def _within(self, seconds: float, late: Callable[[], None]) -> None:
        self._in_time()
        self._deadline = self.loop.call_later(seconds, late)

    def _in_time(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _head_is_late(self) -> None:
        if self._answering():
            self._within(HEAD_TIMEOUT, self._head_is_late)  # a second request behind one at work
        else:
            self._close_with(_too_slow())

    def _body_is_late(self) -> None:
        if self._answering():
            self._close_with(_too_slow())
        else:
            self.transport.close()  # it was answered without its body

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _close_with(self, problem: Problem) -> None:
        """Answer unless an answer is under way, and close; what works on the request learns that nobody waits."""
        self._in_time()
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if self._answering() and not cycle.disconnected:
            begun = cycle.response_started
            cycle.disconnected = True
            cycle.message_event.set()
            if begun:
                self.transport.close()
                return
        self.transport.write(_wire(problem))
        self.transport.close()


async def _refuse_as_busy(scope: Scope, receive: Receive, send: Send) -> None:
    await busy().response(scope["path"])(scope, receive, send)


def _wire(problem: Problem) -> bytes:
    """The whole answer as bytes."""
    body = problem.response("").body
    lines = [f"HTTP/1.1 {problem.status_code} {HTTPStatus(problem.status_code).phrase}"]
    headers = {**_HEADERS, **(problem.headers or {}), "content-length": str(len(body))}
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + bytes(body)


def _malformed() -> Problem:
    return Problem(400, "bad-request", "Bad request", "This is no HTTP/1.1 request.")


def _target_too_long() -> Problem:
    return Problem(414, "target-too-long", "Address too long", f"Path and query have at most {MAX_TARGET} bytes.")


def _head_too_large() -> Problem:
    detail = f"There are at most {MAX_HEADERS} headers, with the request line at most {MAX_HEAD} bytes."
    return Problem(431, "headers-too-large", "Headers too large", detail)


def _too_slow() -> Problem:
    return Problem(408, "too-slow", "Too slow", "The request did not come in time; send it again.")
