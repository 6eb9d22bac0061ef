"""Callers that go on whatever is down: every try is logged, and what has no outcome is tried again with its key."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.chaos.history import Call, Kind, Log, now

TIMEOUT = 6.0
"""Seconds until a call without an answer counts as unknown."""

GIVE_UP = 60.0
"""Seconds after which a call is not tried again."""

LONGEST_PAUSE = 3.0
_AGAIN = frozenset({429, 503})
_KEPT = (
    "case_id",
    "status",
    "version",
    "assignment_id",
    "specialist",
    "state",
    "page_id",
    "acknowledged_by",
    "actions",
)

Urls = Mapping[Any, str | Sequence[str]]
"""Each service's base, or the bases of its instances."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What one call asks; `key` is the Idempotency-Key, kept over all its tries."""

    kind: Kind
    name: str
    service: str
    path: str
    principal: str
    body: Any
    key: str = ""
    subject: str = ""
    external_id: str = ""
    method: str = "POST"


class Callers:
    """HTTP as any principal, against any instance."""

    def __init__(self, urls: Urls, keys: Mapping[str, str], log: Log) -> None:
        self._urls = {service: [at] if isinstance(at, str) else list(at) for service, at in urls.items()}
        self._keys = keys
        self._log = log
        self._turn = 0
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
        self._http = httpx.AsyncClient(timeout=TIMEOUT, limits=limits, trust_env=False)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def settle(self, request: Request) -> Call:
        """Try until there is an outcome, or for a minute; the last try."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + GIVE_UP
        pause = 0.2
        while True:
            call, asked = await self.once(request)
            if not (call.unknown or call.status in _AGAIN) or loop.time() > give_up or not request.key:
                return call
            pause = min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(max(asked, pause))

    async def once(self, request: Request) -> tuple[Call, float]:
        """One try, logged; and for how many seconds the answer asked to wait."""
        headers = self._as(request.principal) | ({"Idempotency-Key": request.key} if request.key else {})
        started = now()
        status, answer, error, asked = None, {}, "", 0.0
        try:
            url = self._base(request.service) + request.path
            response = await self._http.request(request.method, url, json=request.body, headers=headers)
            status, answer = response.status_code, _essentials(response)
            asked = _retry_after(response)
        except httpx.HTTPError as failure:
            error = f"{type(failure).__name__}: {failure}"
        call = Call(
            kind=request.kind,
            name=request.name,
            principal=request.principal,
            started=started,
            ended=now(),
            key=request.key,
            subject=request.subject,
            external_id=request.external_id,
            status=status,
            answer=answer,
            error=error,
        )
        self._log.write(call)
        return call, asked

    async def items(self, service: str, path: str, principal: str, **params: Any) -> list[dict[str, Any]]:
        """The items of a list; none while the service is away. Not logged: nothing is promised."""
        try:
            answer = await self._http.get(self._base(service) + path, params=params, headers=self._as(principal))
            return list(answer.json()["items"]) if answer.status_code == 200 else []
        except (httpx.HTTPError, ValueError):
            return []

    def _base(self, service: str) -> str:
        self._turn += 1
        bases = self._urls[service]
        return bases[self._turn % len(bases)].rstrip("/")

    def _as(self, principal: str) -> dict[str, str]:
        key = self._keys.get(principal)
        return {"Authorization": f"Bearer {key}"} if key else {}


def _essentials(response: httpx.Response) -> dict[str, Any]:
    if "json" not in response.headers.get("content-type", ""):
        return {}
    body = response.json()
    kept = {name: body[name] for name in _KEPT if name in body} if isinstance(body, dict) else {}
    if response.status_code >= 400:
        kept["detail"] = str(body.get("detail", ""))[:200]
    return kept | ({"replayed": True} if "idempotency-replayed" in response.headers else {})


def _retry_after(response: httpx.Response) -> float:
    said = response.headers.get("retry-after", "")
    return min(float(said), LONGEST_PAUSE) if said.isdigit() else 0.0
