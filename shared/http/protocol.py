"""HTTP/1.1 on the wire: uvicorn's protocol over httptools, with limits before a request reaches the application.

httptools itself bounds nothing: neither the request line, nor the headers, nor the time that they may take. Every
refusal here is a problem (RFC 9457) and closes the connection.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import httptools
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.http.parting import Parting
from shared.http.problems import Problem, busy
from shared.http.wire import (
    MAX_HEAD,
    MAX_HEADERS,
    MAX_TARGET,
    head_too_large,
    malformed,
    target_too_long,
    too_slow,
    wire,
)

HEAD_TIMEOUT = 10.0
"""Seconds from the first byte of a connection or request to the end of its headers."""

BODY_TIMEOUT = 30.0
BODY_RATE = 16 * 1024
"""Seconds from the head to the end of the body; again so long while it comes at so many bytes a second."""

PARTING = 10.0
"""Seconds for which a caller that was answered before it had sent everything may go on sending."""

WRITE_TIMEOUT = 30.0
"""Seconds in which a caller must take some of an answer."""

MAX_CONNECTIONS = 2048
MAX_REQUESTS = 1024
"""Requests in flight in one process; each may hold a body in memory."""

PROBES = frozenset({"/livez", "/readyz", "/metrics"})
"""Answered also when no other request is: a busy process is not a dead one."""


class _TooMuch(Exception):
    """Ends the parsing of a request that goes beyond a limit."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. At most one of the head's and the body's deadline runs at a time."""

    _refusal: Problem | None = None
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _parting: Parting
    _in_head = True
    _in_request = True
    _heads = 0
    _head_size = 0
    _unfinished = 0
    _came = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._parting = Parting(transport, lambda: self._in_request, self._parted)
        self.transport = cast("asyncio.Transport", self._parting)
        if len(self.connections) > MAX_CONNECTIONS:
            self._in_request = False  # in a crowd there is no time for partings
            self._close_with(busy())
            return
        self._within(HEAD_TIMEOUT, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        self.resume_writing()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def shutdown(self) -> None:
        super().shutdown()
        if not self._answering():
            self._parting.end()

    def data_received(self, data: bytes) -> None:
        if self._parting.over:
            return
        was_in_head, heads = self._in_head, self._heads
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False  # what follows would be another protocol
        except httptools.HttpParserError:
            self._close_with(self._refusal or malformed())
        else:
            if was_in_head and self._in_head and heads == self._heads:
                self._count_unfinished(len(data))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unset_keepalive_if_required()
        self._in_head, self._in_request = True, True
        self._head_size, self._unfinished, self._came = 0, 0, 0
        if self._deadline is None:
            self._within(HEAD_TIMEOUT, self._head_is_late)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_TARGET:
            raise self._beyond(target_too_long())
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            raise self._beyond(head_too_large())
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._heads += 1
        self._within(BODY_TIMEOUT, self._body_is_late)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._came += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_time()
        self._in_request = False
        super().on_message_complete()
        if not self._answering():
            self._await_next()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_request:
            self._unset_keepalive_if_required()  # the body that still comes has its own time

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
            self._close_with(head_too_large())

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > MAX_HEAD:
            raise self._beyond(head_too_large())

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
            self._give_up()

    def _body_is_late(self) -> None:
        if not self._answering():
            self._parting.end()  # it was answered without its body
        elif self._came >= BODY_RATE * BODY_TIMEOUT:
            self._came = 0
            self._within(BODY_TIMEOUT, self._body_is_late)
        else:
            self._give_up()

    def _give_up(self) -> None:
        """Who was too slow gets no time for a parting."""
        self._close_with(too_slow())
        self._in_time()
        self._parting.end()

    def _await_next(self) -> None:
        """The next request has the time that an idle connection has, whatever else comes before it."""
        if self.timeout_keep_alive_task is None and not self.transport.is_closing():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _parted(self) -> None:
        self.pipeline.clear()
        self.flow.resume_reading()
        self._within(PARTING, self._parting.end)

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
        self.transport.write(wire(problem))
        self.transport.close()


async def _refuse_as_busy(scope: Scope, receive: Receive, send: Send) -> None:
    await busy().response(scope["path"])(scope, receive, send)
