"""Calls the services over HTTP for people and for the demo: one key, four base URLs, patience for restarts.

Owns: retries with back-off (connection errors, 429, 502-504, `not-yet-known`) and the words of a failure.
A POST carries an `Idempotency-Key`, so that a retry after a lost answer is the same work.
"""

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

from shared.clock import Clock
from shared.contracts.vocabulary import ServiceName
from shared.errors import TocsinError
from shared.ids import uuid7

TRY_AGAIN = frozenset({429, 502, 503, 504})
LONGEST_PAUSE = 5.0
PAGE = 200


class CallFailed(TocsinError):
    """A service could not be reached, or did not answer in time; the message says which and what to do."""


class Refused(CallFailed):
    """A service answered with a problem (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any], message: str) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem


@dataclass(frozen=True)
class Answer:
    """A 2xx: its status, JSON body and headers."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Caller:
    """Speaks to the services with one key; tries again for `patience` seconds before it gives up."""

    urls: Mapping[ServiceName, str]
    token: str
    client: httpx.AsyncClient
    clock: Clock
    patience: float = 0.0

    def speaking_as(self, token: str) -> "Caller":
        """The same, with another key."""
        return replace(self, token=token)

    async def get(self, service: ServiceName, path: str, **query: Any) -> Any:
        """The JSON body of a GET; raises `Refused` or `CallFailed`."""
        params = {name: value for name, value in query.items() if value is not None}
        return (await self.call("GET", service, path, params=params)).body

    async def every(self, service: ServiceName, path: str, **query: Any) -> list[Any]:
        """All items of a list, page after page."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            page = await self.get(service, path, limit=PAGE, cursor=cursor, **query)
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def post(
        self, service: ServiceName, path: str, body: Any, *, key: str | None = None, content: bytes | None = None
    ) -> Answer:
        """POST JSON (`body`, or `content` as is) under one idempotency key, made here unless given."""
        headers = {"Idempotency-Key": key or str(uuid7()), "Content-Type": "application/json"}
        if content is not None:
            return await self.call("POST", service, path, headers=headers, content=content)
        return await self.call("POST", service, path, headers=headers, json=body)

    async def call(self, method: str, service: ServiceName, path: str, **request: Any) -> Answer:
        """One request, repeated while the trouble may pass and patience lasts."""
        give_up = self.clock.monotonic() + self.patience
        pause = 0.1
        while True:
            try:
                return await self._once(method, service, path, **request)
            except CallFailed as error:
                wait = _pause_after(error, pause)
                if wait is None or self.clock.monotonic() + wait > give_up:
                    raise
                await self.clock.sleep(wait)
                pause = min(pause * 2, 1.0)

    async def _once(self, method: str, service: ServiceName, path: str, **request: Any) -> Answer:
        url = self.urls[service].rstrip("/") + path
        headers = {"Authorization": f"Bearer {self.token}", **request.pop("headers", {})}
        try:
            response = await self.client.request(method, url, headers=headers, **request)
        except httpx.HTTPError as error:
            raise CallFailed(
                f"cannot reach {service} at {self.urls[service]} ({_cause(error)}); "
                "start it with `tocsin up`, or name another with --url"
            ) from error
        body = _json(response)
        if response.is_success:
            return Answer(response.status_code, body, response.headers)
        raise _refusal(service, response, body)


def _pause_after(error: CallFailed, pause: float) -> float | None:
    """Seconds to wait before the next try; None when trying again cannot help."""
    if not isinstance(error, Refused):
        return pause * random.uniform(0.5, 1.5)
    if error.status in TRY_AGAIN or str(error.problem.get("type", "")).endswith("/not-yet-known"):
        return min(float(error.problem.get("retry_after", pause)), LONGEST_PAUSE)
    return None


def _refusal(service: ServiceName, response: httpx.Response, body: Any) -> Refused:
    problem = dict(body) if isinstance(body, dict) else {}
    after = response.headers.get("retry-after", "")
    if after.isdigit():
        problem["retry_after"] = int(after)
    return Refused(response.status_code, problem, refusal_words(service, response.status_code, problem))


def refusal_words(service: str, status: int, problem: Mapping[str, Any]) -> str:
    """One line of what a problem says, with each field at fault and the remedy where there is one."""
    faults = problem.get("errors") or []
    fields = "; ".join(f"{_path(fault.get('loc', ()))}: {fault.get('msg', '')}" for fault in faults)
    said = fields or problem.get("detail") or problem.get("title") or f"{service} answered {status}"
    remedy = {
        401: "; pass a key it knows with --token",
        403: "; use a key that holds the scope",
        503: f"; see {service}'s /readyz",
    }.get(status, "")
    return f"{str(said).rstrip('.')}{remedy}"


def _path(loc: Any) -> str:
    parts = [str(part) for part in loc] if isinstance(loc, list | tuple) else [str(loc)]
    return ".".join(part for part in parts if part != "body") or "body"


def _json(response: httpx.Response) -> Any:
    try:
        return response.json() if response.content else None
    except ValueError:
        return None


def _cause(error: httpx.HTTPError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno).lower()
        cause = cause.__cause__ or cause.__context__
    return "no answer in time" if isinstance(error, httpx.TimeoutException) else str(error) or type(error).__name__
