"""`Idempotency-Key` against real PostgreSQL: work is done once, and the answer is stored with it or not at all."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from starlette.responses import Response

from shared.clock import SystemClock
from shared.db import Database, Tx
from shared.http import idempotency_store
from shared.http.idempotency import Answer, IdempotencyDep
from shared.http.problems import conflict
from shared.http.security import Principal, require
from shared.http.server import router
from tests.support.edge import client, edge, principal


class Order(BaseModel):
    what: str
    refuse: bool = False


@dataclass
class Desk:
    """Takes orders: each is a row. A test may hold the work up in the middle of its transaction."""

    db: Database
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, tx: Tx, order: Order) -> Answer:
        await tx.execute("INSERT INTO taken (what) VALUES ($1)", order.what)
        self.begun.set()
        await self.go_on.wait()
        if order.refuse:
            raise conflict("refused", "Not in this state.")
        count = await tx.fetchval("SELECT count(*) FROM taken")
        return Answer(201, {"what": order.what, "count": count}, {"Location": f"/v1/orders/{count}"})

    async def taken(self) -> int:
        async with self.db.connection() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM taken"))


@dataclass
class PatientClock(SystemClock):
    """Sleeping takes no time and moves the clock, so that waiting ten seconds is quick."""

    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


@pytest.fixture
async def desk(database: Callable[..., Awaitable[Database]]) -> Desk:
    db = await database("intake")
    async with db.transaction() as tx:
        await tx.execute("CREATE TABLE taken (what text)")
    desk = Desk(db)
    desk.go_on.set()
    return desk


def application(desk: Desk, clock: SystemClock) -> FastAPI:
    app = edge(principal("ana", "cases:write"), principal("ben", "cases:write"), clock=clock)
    routes = router()

    @routes.post("/v1/orders")
    @routes.post("/v1/others")
    async def take(
        order: Order, idempotency: IdempotencyDep, _principal: Annotated[Principal, Depends(require("cases:write"))]
    ) -> Response:
        return await idempotency.run(desk.db, lambda tx: desk.take(tx, order))

    app.include_router(routes)
    return app


@pytest.fixture
def app(desk: Desk) -> FastAPI:
    return application(desk, SystemClock())


async def send(
    app: FastAPI,
    key: str | None,
    what: str = "tea",
    *,
    who: str = "ana",
    path: str = "/v1/orders",
    refuse: bool = False,
) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    async with client(app, who) as session:
        return await session.post(path, json={"what": what, "refuse": refuse}, headers=headers)


async def test_a_repetition_gets_the_stored_answer(app: FastAPI, desk: Desk) -> None:
    first, again = await send(app, "k-1"), await send(app, "k-1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"] == "/v1/orders/1"
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await desk.taken() == 1


async def test_without_a_key_each_request_is_its_own(app: FastAPI, desk: Desk) -> None:
    await send(app, None)
    await send(app, None)

    assert await desk.taken() == 2


async def test_another_body_under_the_same_key_is_refused(app: FastAPI, desk: Desk) -> None:
    await send(app, "k-1", "tea")
    other = await send(app, "k-1", "coffee")

    assert (other.status_code, other.json()["errors"][0]["loc"]) == (422, ["header", "Idempotency-Key"])
    assert await desk.taken() == 1


async def test_the_order_of_fields_and_white_space_make_no_other_body(app: FastAPI, desk: Desk) -> None:
    await send(app, "k-1")
    async with client(app, "ana") as session:
        headers = {"Idempotency-Key": "k-1", "Content-Type": "application/json"}
        again = await session.post("/v1/orders", content=b'{ "refuse":false,  "what":"tea" }', headers=headers)

    assert again.headers["idempotency-replayed"] == "true"
    assert await desk.taken() == 1


async def test_a_key_belongs_to_its_principal_and_path(app: FastAPI, desk: Desk) -> None:
    await send(app, "k-1")
    await send(app, "k-1", who="ben")
    await send(app, "k-1", path="/v1/others")

    assert await desk.taken() == 3


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_a_key_has_one_to_two_hundred_characters(app: FastAPI, desk: Desk, key: str) -> None:
    assert (await send(app, key)).status_code == 422
    assert (await send(app, "x" * 200)).status_code == 201
    assert await desk.taken() == 1


async def test_what_was_refused_is_not_stored_and_may_be_tried_again(app: FastAPI, desk: Desk) -> None:
    refused = await send(app, "k-1", refuse=True)
    assert (refused.status_code, await desk.taken()) == (409, 0)

    again = await send(app, "k-1", refuse=True)
    assert (again.status_code, "idempotency-replayed" in again.headers) == (409, False)
    assert (await send(app, "k-1")).status_code == 201


async def test_ten_at_once_do_the_work_once(app: FastAPI, desk: Desk) -> None:
    answers = await asyncio.gather(*(send(app, "k-1") for _ in range(10)))

    assert {answer.content for answer in answers} == {answers[0].content}
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 9
    assert await desk.taken() == 1


async def test_a_second_request_waits_for_the_first(app: FastAPI, desk: Desk) -> None:
    desk.go_on.clear()
    first = asyncio.create_task(send(app, "k-1"))
    await desk.begun.wait()
    second = asyncio.create_task(send(app, "k-1"))
    desk.go_on.set()

    assert (await second).headers["idempotency-replayed"] == "true"
    assert (await second).content == (await first).content


async def test_after_ten_seconds_the_second_gives_up(desk: Desk) -> None:
    app = application(desk, PatientClock())
    desk.go_on.clear()
    first = asyncio.create_task(send(app, "k-1"))
    await desk.begun.wait()

    second = await send(app, "k-1")

    assert (second.status_code, second.json()["type"]) == (409, "/problems/idempotency-in-flight")
    desk.go_on.set()
    assert (await first).status_code == 201


async def test_a_first_that_dies_leaves_nothing_behind(app: FastAPI, desk: Desk) -> None:
    desk.go_on.clear()
    first = asyncio.create_task(send(app, "k-1"))
    await desk.begun.wait()
    first.cancel()
    desk.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await first

    assert (await send(app, "k-1")).headers.get("idempotency-replayed") is None
    assert await desk.taken() == 1


async def test_after_a_day_a_key_is_new_and_the_old_answer_goes(app: FastAPI, desk: Desk) -> None:
    await send(app, "k-1")
    await send(app, "k-2")
    async with desk.db.transaction() as tx:
        await tx.execute("UPDATE idempotency_key SET created_at = created_at - interval '24 hours'")

    assert "idempotency-replayed" not in (await send(app, "k-1")).headers
    async with desk.db.transaction() as tx:
        assert await idempotency_store.expire(tx) == 1
    assert "idempotency-replayed" in (await send(app, "k-1")).headers
    assert await desk.taken() == 3


async def test_postgresql_away_is_503_and_says_when_to_come_again(app: FastAPI, desk: Desk) -> None:
    await desk.db.close()

    answer = await send(app, "k-1")

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
