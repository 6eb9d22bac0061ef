"""Calling the services: what is tried again, for how long, under which key, and the words of a failure."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from services.client.caller import Caller, CallFailed, Refused, refusal_words
from shared.contracts.vocabulary import ServiceName

URLS = {name: f"http://{name}" for name in ServiceName}
Handler = Callable[[httpx.Request], httpx.Response]


class Time:
    """A clock that sleeps in no time and counts how long."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds


class Server:
    """Answers with each of `answers` in turn, the last one ever after, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def caller(server: Handler, time: Time, patience: float = 30.0) -> Caller:
    client = httpx.AsyncClient(transport=httpx.MockTransport(server))
    return Caller(URLS, "the-key", client, time, patience)


def problem(status: int, slug: str = "trouble", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"type": f"/problems/{slug}", "detail": slug}, headers=headers)


OK = httpx.Response(200, json={"fine": True})


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        problem(503),
        problem(429),
        problem(404, "not-yet-known"),
    ],
    ids=["refused", "reset", "503", "429", "not yet known"],
)
async def test_passing_trouble_is_tried_again_under_the_same_key(trouble: httpx.Response | Exception) -> None:
    server = Server(trouble, trouble, OK)
    answer = await caller(server, Time()).post(ServiceName.INTAKE, "/v1/x", {"a": 1})
    assert answer.body == {"fine": True}
    assert len(server.requests) == 3
    assert len({request.headers["Idempotency-Key"] for request in server.requests}) == 1
    assert {request.headers["Authorization"] for request in server.requests} == {"Bearer the-key"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 413, 422])
async def test_a_refusal_is_final(status: int) -> None:
    server = Server(problem(status))
    with pytest.raises(Refused) as refused:
        await caller(server, Time()).get(ServiceName.ROUTER, "/v1/x")
    assert refused.value.status == status
    assert len(server.requests) == 1


async def test_patience_ends() -> None:
    time = Time()
    with pytest.raises(CallFailed, match=r"cannot reach router at http://router"):
        await caller(Server(httpx.ConnectError("refused")), time, patience=10).get(ServiceName.ROUTER, "/v1/x")
    assert 5 < time.passed <= 10


async def test_retry_after_is_honoured() -> None:
    time = Time()
    await caller(Server(problem(429, **{"Retry-After": "3"}), OK), time).get(ServiceName.INTAKE, "/v1/x")
    assert time.passed == 3


async def test_every_page_of_a_list_is_read() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        cursor = int(request.url.params.get("cursor", "0"))
        return httpx.Response(200, json={"items": [cursor], "next_cursor": str(cursor + 1) if cursor < 2 else None})

    assert await caller(serve, Time()).every(ServiceName.INTAKE, "/v1/things") == [0, 1, 2]


async def test_absent_query_values_are_left_out() -> None:
    server = Server(OK)
    await caller(server, Time()).get(ServiceName.INTAKE, "/v1/x", cursor=None, limit=5)
    assert dict(server.requests[0].url.params) == {"limit": "5"}


def test_words_of_a_refusal_name_each_field_and_the_remedy() -> None:
    body = json.loads(
        '{"errors": [{"loc": ["body", "subject", "type"], "msg": "no such type"}, {"loc": [], "msg": "x"}]}'
    )
    assert refusal_words("intake", 422, body) == "subject.type: no such type; body: x"
    assert refusal_words("intake", 401, {"title": "unauthorized"}) == "unauthorized; pass a key it knows with --token"
    assert refusal_words("router", 500, {}) == "router answered 500"
