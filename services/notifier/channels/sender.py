"""The one way out by HTTP: keep-alive, guarded, no redirects, ten seconds, and a verdict on every end.

A try that may have reached the provider without an answer is ambiguous; one that surely did not is retried.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpcore

from services.notifier.channels.base import Look
from services.notifier.channels.guard import ForbiddenAddress, GuardedBackend
from services.notifier.delivery import Outcome, Result

TIME_LIMIT = 10.0
"""Seconds for one try, from resolving the name to the end of the answer's head."""

CONNECT_LIMIT = 5.0
KEPT_FOR = 60.0
"""Seconds for which an idle connection is kept."""

DRAIN_LIMIT = 1.0
"""Seconds for the rest of an answer whose head has said everything."""

_READ_AT_MOST = 64 * 1024
_ABOUT_TO_WRITE = "http11.send_request_headers.started"

_NEVER_LEFT = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)
_UNSEEN = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, TimeoutError)
_UNUSABLE = (httpcore.UnsupportedProtocol, httpcore.LocalProtocolError, ForbiddenAddress, ValueError)


class Sender:
    """Keeps the connections of one channel: one to each pool, the warmest used first.

    One pool for all would look through every connection on each request, which costs more than the request.
    """

    def __init__(self, *, backend: GuardedBackend, time_limit: float = TIME_LIMIT) -> None:
        self._backend = backend
        self._time_limit = time_limit
        self._idle: list[httpcore.AsyncConnectionPool] = []
        self._closed = False

    async def post(self, url: str, body: bytes, headers: dict[str, str], look: Look) -> Outcome:
        """POST once; `look` is asked over a connection that is there, before anything is written to it."""
        pool = self._idle.pop() if self._idle else self._pool()
        try:
            async with asyncio.timeout(self._time_limit):
                return await _post(pool, url, body, headers, look)
        except _NEVER_LEFT as error:
            return Outcome(Result.RETRY, error=_said(error))
        except _UNUSABLE as error:
            return Outcome(Result.REFUSED, error=_said(error))
        except _UNSEEN as error:
            return Outcome(Result.AMBIGUOUS, error=_said(error))
        finally:
            self._idle.append(pool)
            if self._closed:
                await self.close()

    async def close(self) -> None:
        """Close every connection; one that is in use, when its try has ended."""
        self._closed = True
        self._backend.close()
        while self._idle:
            await self._idle.pop().aclose()

    def _pool(self) -> httpcore.AsyncConnectionPool:
        return httpcore.AsyncConnectionPool(
            max_connections=1,
            keepalive_expiry=KEPT_FOR,
            network_backend=self._backend,
        )


async def _post(
    pool: httpcore.AsyncConnectionPool, url: str, body: bytes, headers: dict[str, str], look: Look
) -> Outcome:
    async def trace(event: str, _info: object) -> None:
        if event == _ABOUT_TO_WRITE:
            await look()

    timeouts = {"connect": CONNECT_LIMIT, "read": TIME_LIMIT, "write": TIME_LIMIT, "pool": TIME_LIMIT}
    extensions = {"timeout": timeouts, "trace": trace}
    async with pool.stream("POST", url, headers=list(headers.items()), content=body, extensions=extensions) as answer:
        outcome = verdict(answer.status, _header(answer, b"retry-after"), datetime.now(UTC))
        with suppress(*_UNSEEN):
            async with asyncio.timeout(DRAIN_LIMIT):
                await _drain(answer)
        return outcome


def verdict(status: int, retry_after: str | None, now: datetime) -> Outcome:
    """What an answer's status means: 2xx sent, 429 and 5xx again, anything else (a redirect too) refused."""
    if 200 <= status < 300:
        return Outcome(Result.SENT, status=status)
    error = f"HTTP {status}"
    if status == 429 or status >= 500:
        return Outcome(Result.RETRY, error=error, status=status, retry_after=parse_retry_after(retry_after, now))
    return Outcome(Result.REFUSED, error=error, status=status)


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """`Retry-After` as seconds or a date (RFC 9110 section 10.2.3); None where there is none to understand."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return timedelta(seconds=min(int(value), 86_400))
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max(timedelta(0), at.replace(tzinfo=at.tzinfo or UTC) - now)


async def _drain(answer: httpcore.Response) -> None:
    """Read a short answer to its end, so that the connection can be used again."""
    read = 0
    async for chunk in answer.aiter_stream():
        read += len(chunk)
        if read > _READ_AT_MOST:
            return


def _header(answer: httpcore.Response, wanted: bytes) -> str | None:
    return next((value.decode("latin-1") for name, value in answer.headers if name.lower() == wanted), None)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
