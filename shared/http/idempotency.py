"""`Idempotency-Key`: the same POST with the same key and body is done once and answered alike for 24 hours.

The answer is stored in the transaction that does the work, so it is there exactly when the work is.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

import orjson
from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from shared.clock import Clock
from shared.db import Database, Tx
from shared.db.timers import Sweeper
from shared.http import idempotency_store as store
from shared.http.idempotency_store import Claim, Stored
from shared.http.problems import Problem, conflict, unprocessable
from shared.http.responses import json_bytes
from shared.http.security import require

MAX_KEY = 200
WAIT = 10.0
POLL = 0.05
"""Seconds: how long to wait for the first request of a key, and how often to look."""

FORGET_EVERY = 60.0
FORGET_AT_ONCE = 1000

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"


@dataclass(frozen=True)
class Answer:
    """What a handler answers; only a 2xx is stored. `body` is anything that has a JSON form; None: no body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, *, replayed: bool = False) -> Response:
        """The answer on the wire."""
        headers = {**self.headers, REPLAYED: "true"} if replayed else dict(self.headers)
        media_type = "application/json" if self.content else None
        return Response(self.content, self.status, headers=headers, media_type=media_type)

    @cached_property
    def content(self) -> bytes:
        """The body in bytes; bytes are JSON already."""
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json_bytes(self.body)


Work = Callable[[Tx], Awaitable[Answer]]


class Idempotency:
    """What a POST depends on: `idem: IdempotencyDep`, then `return await idem.run(db, work)`."""

    def __init__(self, claim: Claim | None, clock: Clock) -> None:
        self.claim = claim
        """None where the request has no key."""
        self._clock = clock

    @classmethod
    async def of(cls, request: Request) -> "Idempotency":
        """From the request's header, principal, method, path and body; 422 for a key that is empty or too long."""
        clock: Clock = request.app.state.clock
        key = request.headers.get(HEADER)
        if key is None:
            return cls(None, clock)
        if not 1 <= len(key) <= MAX_KEY:
            raise unprocessable(("header", HEADER), f"A key has 1 to {MAX_KEY} characters.")
        principal = require().check(request.scope)
        return cls(Claim(principal.id, request.method, request.url.path, key, await _fingerprint(request)), clock)

    async def run(self, db: Database, work: Work) -> Response:
        """Do `work` in one transaction, or give the stored answer; 409 while the first is still in flight."""
        if self.claim is None:
            async with db.transaction() as tx:
                answer = await work(tx)
            return answer.response()
        give_up = self._clock.monotonic() + WAIT
        while True:
            async with db.transaction() as tx:
                if await store.lock(tx, self.claim):
                    return await self._once(tx, self.claim, work)
            if self._clock.monotonic() >= give_up:
                raise in_flight()
            await self._clock.sleep(POLL)

    async def _once(self, tx: Tx, claim: Claim, work: Work) -> Response:
        stored = (await store.lookup(tx, [claim])).get(claim.scope)
        if stored is not None:
            return replay(claim, stored).response(replayed=True)
        answer = await work(tx)
        if 200 <= answer.status < 300:
            await store.store(tx, [(claim, keep(claim, answer))])
        return answer.response()


IdempotencyDep = Annotated[Idempotency, Depends(Idempotency.of)]


def forgetting(db: Database, clock: Clock) -> Sweeper:
    """Deletes answers older than a day, once a minute, so that the table does not grow for ever."""

    async def sweep() -> int:
        async with db.transaction() as tx:
            return await store.expire(tx, FORGET_AT_ONCE)

    return Sweeper("idempotency keys", sweep, interval=FORGET_EVERY, limit=FORGET_AT_ONCE, clock=clock)


def replay(claim: Claim, stored: Stored) -> Answer:
    """The stored answer; 422 when the body is another than the first time."""
    if stored.body_sha256 != claim.body_sha256:
        raise key_reused()
    return Answer(stored.status, stored.body or None, stored.headers)


def keep(claim: Claim, answer: Answer) -> Stored:
    """An answer as it is stored."""
    return Stored(answer.status, dict(answer.headers), answer.content, claim.body_sha256)


def key_reused() -> Problem:
    """422: the same key with another body."""
    message = "This key was used with another body; take a new key for another request."
    return unprocessable(("header", HEADER), message)


def in_flight() -> Problem:
    """409: the first request with this key has not ended."""
    return conflict("idempotency-in-flight", "The first request with this key is still in flight; try again.")


async def _fingerprint(request: Request) -> bytes:
    """Hash of the body: of the JSON value where it is JSON, so that white space and order do not matter."""
    raw = await request.body()
    with suppress(ValueError):
        raw = orjson.dumps(orjson.loads(raw), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(raw).digest()
