"""POST of many escalations: each item on its own, answered in one list.

Repeating a batch is harmless, because every item has its external id; an idempotency key only makes the
answer the same. So the answer is stored after the items, and the first one stored stands.
"""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from services.intake.acceptor import Acceptor
from services.intake.api.desk import Desk, who_of
from services.intake.api.escalations import answer_of
from services.intake.api.refusals import problem_of
from services.intake.api.shapes import BatchResult, BatchView, submission_body
from services.intake.submission import Outcome, submission_of
from shared.contracts.escalation import Input
from shared.contracts.vocabulary import Scope
from shared.http import idempotency_store
from shared.http.idempotency import WAIT, Answer, IdempotencyDep, in_flight, keep, replay
from shared.http.idempotency_store import Claim
from shared.http.security import Principal, require
from shared.http.server import router
from shared.observability.tracing import traceparent

ITEMS = 500
Writer = Annotated[Principal, Depends(require(Scope.ESCALATIONS_WRITE))]
_ITEM = {"items": {"anyOf": [{"$ref": "#/components/schemas/Escalation"}, {}]}}
"""An escalation; anything else is taken and answered with 422 at its index."""


class Batch(Input):
    """1 to 500 escalations; an item that is not valid is answered at its index."""

    items: Annotated[list[Any], Field(min_length=1, max_length=ITEMS, json_schema_extra=_ITEM)]


def routes(desk: Desk, acceptor: Acceptor) -> APIRouter:
    """POST /v1/escalations/batch."""
    api = router()
    posting = BatchPosting(desk, acceptor)

    @api.post("/v1/escalations/batch", status_code=207, responses={207: {"model": BatchView}})
    async def post_batch(request: Request, batch: Batch, principal: Writer, idem: IdempotencyDep) -> Response:
        """Take many escalations in; the status of each is in its result."""
        if idem.claim is None:
            return (await posting.post(batch.items, principal, request.url.path)).response()
        return await posting.post_once(batch.items, principal, idem.claim)

    return api


class BatchPosting:
    """From the items to the list of results."""

    def __init__(self, desk: Desk, acceptor: Acceptor) -> None:
        self._desk = desk
        self._acceptor = acceptor
        self._running: dict[idempotency_store.Scope, asyncio.Event] = {}

    async def post(self, items: list[Any], principal: Principal, path: str) -> Answer:
        """Every item through the acceptor, side by side."""
        results = await asyncio.gather(*(self._one(n, item, principal, path) for n, item in enumerate(items)))
        return Answer(207, BatchView(results=list(results)))

    async def post_once(self, items: list[Any], principal: Principal, claim: Claim) -> Response:
        """The stored answer, or the work and then its answer stored; another with the same key waits meanwhile."""
        await self._wait_for(claim)
        done = self._running[claim.scope] = asyncio.Event()
        try:
            stored = await self._stored(claim)
            return stored or await self._store(claim, await self.post(items, principal, claim.path))
        finally:
            del self._running[claim.scope]
            done.set()

    async def _one(self, index: int, item: Any, principal: Principal, path: str) -> BatchResult:
        try:
            submission = submission_of(
                item, who=who_of(principal), config=self._desk.config.current, trace=traceparent()
            )
            outcome = await self._acceptor.submit(submission)
            assert isinstance(outcome, Outcome), "an item has no key of its own"
        except Exception as error:  # noqa: BLE001 - each item is answered on its own, whatever became of it
            self._desk.metrics.count(principal.id, "rejected")
            problem = problem_of(error)
            return BatchResult(index=index, status=problem.status_code, body=problem.content(path))
        self._desk.metrics.count(principal.id, outcome.status)
        answer = answer_of(outcome)
        return BatchResult(index=index, status=answer.status, body=submission_body(outcome))

    async def _wait_for(self, claim: Claim) -> None:
        """Until no other request with this key is at work in this process; 409 when that takes too long."""
        try:
            async with asyncio.timeout(WAIT):
                while claim.scope in self._running:
                    await self._running[claim.scope].wait()
        except TimeoutError:
            raise in_flight() from None

    async def _stored(self, claim: Claim) -> Response | None:
        async with self._desk.db.connection() as connection:
            stored = (await idempotency_store.lookup(connection, [claim])).get(claim.scope)
        return None if stored is None else replay(claim, stored).response(replayed=True)

    async def _store(self, claim: Claim, answer: Answer) -> Response:
        """Keep the answer, unless another instance kept its own first: then that one stands."""
        async with self._desk.db.transaction() as tx:
            if await idempotency_store.lock(tx, claim):
                stored = (await idempotency_store.lookup(tx, [claim])).get(claim.scope)
                if stored is not None:
                    return replay(claim, stored).response(replayed=True)
                await idempotency_store.store(tx, [(claim, keep(claim, answer))])
        return answer.response()
