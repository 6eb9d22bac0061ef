"""What a caller cannot do to a process: endless heads, slow bodies, crowds. Raw bytes against the real server."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from fastapi import FastAPI

from shared.http import protocol, wire
from shared.runtime.http import server
from tests.support.edge import key
from tests.support.waiting import wait_until

SOON = 0.2
KEY = f"Authorization: Bearer {key('ana')}\r\n"


@dataclass
class Door:
    """The server's port; `say` writes bytes and reads until the server closes."""

    port: int

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def say(self, raw: bytes) -> bytes:
        reader, writer = await self.open()
        writer.write(raw)
        answer = await asyncio.wait_for(reader.read(), 5)
        await leave(writer)
        return answer


@pytest.fixture
async def door(app: FastAPI) -> AsyncIterator[Door]:
    async with serving(app) as opened:
        yield opened


@asynccontextmanager
async def serving(app: FastAPI, keep_alive: float = 5) -> AsyncIterator[Door]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = server(app)
        running.config.timeout_keep_alive = keep_alive  # type: ignore[assignment]
        task = asyncio.create_task(running.serve(sockets=[listener]))
        await wait_until(lambda: running.started)
        yield Door(listener.getsockname()[1])
        running.should_exit = True
        await task


async def leave(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except ConnectionError:
        return


def problem(answer: bytes, status: int, slug: str) -> dict[str, str]:
    """The headers of a problem on the wire, after which the connection is closed."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert first.split(" ")[1] == str(status), answer
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert json.loads(body)["type"] == f"/problems/{slug}"
    return headers


def get(target: str, headers: str = "") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: tocsin\r\nConnection: close\r\n{headers}\r\n".encode()


async def test_a_plain_request_passes(door: Door) -> None:
    assert (await door.say(get("/v1/things", KEY))).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"FETCH / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://elsewhere HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /v1/things HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/things HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_no_http_is_a_problem_too(door: Door, raw: bytes) -> None:
    headers = problem(await door.say(raw), 400, "bad-request")

    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


async def test_a_body_that_breaks_off_its_chunks_is_a_problem(door: Door) -> None:
    head = f"POST /v1/things HTTP/1.1\r\nHost: a\r\n{KEY}Transfer-Encoding: chunked\r\n\r\n".encode()

    problem(await door.say(head + b'5\r\n{"nam\r\nnonsense'), 400, "bad-request")


async def test_path_and_query_have_a_length(door: Door) -> None:
    problem(await door.say(get("/v1/things?q=" + "a" * wire.MAX_TARGET)), 414, "target-too-long")
    fits = await door.say(get("/v1/things?q=" + "a" * (wire.MAX_TARGET - 20), KEY))
    assert fits.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "headers",
    ["".join(f"x-{n}: 1\r\n" for n in range(wire.MAX_HEADERS)), f"x: {'a' * wire.MAX_HEAD}\r\n"],
    ids=["many", "long"],
)
async def test_headers_have_a_number_and_a_size(door: Door, headers: str) -> None:
    problem(await door.say(get("/v1/things", KEY + headers)), 431, "headers-too-large")


async def test_a_header_that_never_ends_is_cut_off(door: Door) -> None:
    reader, writer = await door.open()
    writer.write(b"GET / HTTP/1.1\r\nx: ")
    for _ in range(wire.MAX_HEAD // 4096):
        writer.write(b"a" * 4096)
        await writer.drain()
        await asyncio.sleep(0)
    problem(await asyncio.wait_for(reader.read(), 5), 431, "headers-too-large")
    await leave(writer)


async def test_a_large_body_does_not_count_as_a_head(door: Door) -> None:
    body = b" " * 200_000
    head = f"POST /v1/things HTTP/1.1\r\nHost: a\r\n{KEY}Content-Type: application/json\r\nConnection: close\r\n"

    answer = await door.say(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    assert answer.startswith(b"HTTP/1.1 422 ")


@pytest.mark.parametrize("said", [b"", b"GET /v1/thi", b"GET / HTTP/1.1\r\nHost: a\r\n"])
async def test_a_head_that_does_not_come_is_not_waited_for(
    door: Door, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT", SOON)

    problem(await door.say(said), 408, "too-slow")


async def test_a_drip_does_not_prolong_the_time(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT", SOON)
    reader, writer = await door.open()
    dripping = asyncio.create_task(drip(writer))

    problem(await asyncio.wait_for(reader.read(), 5), 408, "too-slow")

    dripping.cancel()
    await leave(writer)


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET / HTTP/1.1\r\nx: ")
    while True:
        writer.write(b"a")
        await asyncio.sleep(SOON / 10)


async def test_a_body_that_does_not_come_is_not_waited_for(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "BODY_TIMEOUT", SOON)
    head = f"POST /v1/things HTTP/1.1\r\nHost: a\r\n{KEY}Content-Length: 100\r\n\r\n".encode()

    problem(await door.say(head + b'{"name"'), 408, "too-slow")


async def test_a_body_that_keeps_coming_has_longer(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "BODY_TIMEOUT", SOON)
    monkeypatch.setattr(protocol, "BODY_RATE", 100)
    reader, writer = await door.open()
    writer.write(f"POST /v1/things HTTP/1.1\r\nHost: a\r\n{KEY}Content-Length: 1000\r\n\r\n".encode())
    for _ in range(10):
        writer.write(b" " * 100)
        await asyncio.sleep(SOON / 4)

    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 4")
    assert b"408" not in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    await leave(writer)


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
async def test_who_sends_too_much_gets_the_answer_all_the_same(door: Door, connection: str) -> None:
    size = 12 * 1024 * 1024
    head = f"POST /v1/things HTTP/1.1\r\nHost: a\r\n{KEY}Connection: {connection}\r\nContent-Length: {size}\r\n\r\n"
    reader, writer = await door.open()
    writer.write(head.encode())
    for _ in range(12):
        writer.write(b" " * (size // 12))
        await asyncio.wait_for(writer.drain(), 5)

    assert b" 413 " in await asyncio.wait_for(reader.readline(), 5)
    await leave(writer)


@pytest.mark.parametrize("raw", ["GET /{} HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nx: {}\r\n\r\n"], ids=["path", "header"])
async def test_who_sends_an_endless_head_gets_the_answer_all_the_same(door: Door, raw: str) -> None:
    reader, writer = await door.open()
    for sent in range(0, 8 * 1024 * 1024, 1024 * 1024):
        writer.write(
            raw.format("a" * 1024 * 1024).partition("\r\n\r\n")[0].encode() if sent == 0 else b"a" * 1024 * 1024
        )
        await asyncio.wait_for(writer.drain(), 5)

    assert (await asyncio.wait_for(reader.readline(), 5))[9:12] in {b"414", b"431"}
    await leave(writer)


async def test_many_requests_at_once_are_no_long_head(door: Door) -> None:
    reader, writer = await door.open()
    one = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
    writer.write(one * (2 * wire.MAX_HEAD // len(one)) + b"GET /liv")

    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 200 ")
    await leave(writer)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", b"\r\n"),
        (b"POST /v1/things HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", b"{"),
    ],
    ids=["a blank line", "the body of what was answered without it"],
)
async def test_what_is_no_request_does_not_hold_a_connection(app: FastAPI, first: bytes, then: bytes) -> None:
    async with serving(app, keep_alive=SOON) as door:
        reader, writer = await door.open()
        writer.write(first)
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.write(then)

        await asyncio.wait_for(reader.read(), 5)  # to the end: the server closes
        await leave(writer)


async def test_a_second_request_on_the_same_connection_has_its_own_time(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT", SOON)
    reader, writer = await door.open()
    writer.write(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    size = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))[15:])
    await reader.readexactly(size)
    writer.write(b"GET /liv")

    problem(await asyncio.wait_for(reader.read(), 5), 408, "too-slow")
    await leave(writer)


async def test_beyond_so_many_connections_another_is_refused(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 2)
    held = [await door.open() for _ in range(2)]

    headers = problem(await door.say(b""), 503, "busy")

    assert headers["retry-after"] == "1"
    for _, writer in held:
        await leave(writer)


async def test_beyond_so_many_requests_another_is_refused_but_not_a_probe(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MAX_REQUESTS", 1)
    entered, opened = asyncio.Event(), asyncio.Event()

    @app.get("/v1/slow")
    async def slow() -> None:
        entered.set()
        await opened.wait()

    async with serving(app) as door:
        waiting = asyncio.create_task(door.say(get("/v1/slow")))
        await asyncio.wait_for(entered.wait(), 5)
        assert b"HTTP/1.1 503 " in await door.say(get("/v1/things", KEY))
        assert (await door.say(get("/livez"))).startswith(b"HTTP/1.1 200 ")

        opened.set()

        assert (await waiting).startswith(b"HTTP/1.1 200 ")
        assert (await door.say(get("/v1/things", KEY))).startswith(b"HTTP/1.1 200 ")


async def test_an_upgrade_is_answered_as_plain_http_and_ends_the_connection(door: Door) -> None:
    raw = get("/livez", "Connection: Upgrade\r\nUpgrade: websocket\r\n").replace(b"Connection: close\r\n", b"")

    answer = await door.say(raw)

    assert answer.startswith(b"HTTP/1.1 200 ")
