"""The one way out by HTTP, against real sockets on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import httpcore
import pytest
import trustme

from services.notifier.channels.base import TakenBack
from services.notifier.channels.guard import GuardedBackend, Resolve, resolve
from services.notifier.channels.sender import Sender
from services.notifier.delivery import Outcome, Result
from tests.support.installation import free_port

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that reads one request's head after the other and answers each; its URL and the heads."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                heads.append(head)
                await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
                await answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    host, port = running.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}/hook", heads
    finally:
        running.close()


def says(status: str, *headers: str) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join([f"HTTP/1.1 {status}", *headers, "content-length: 0", "", ""]).encode())
        await writer.drain()

    return answer


async def wanted() -> None:
    """A look that finds nothing against sending."""


def sending(*, allow_private: bool = True, resolve: Resolve = resolve, time_limit: float = 5.0) -> Sender:
    return Sender(backend=GuardedBackend(allow_private=allow_private, resolve=resolve), time_limit=time_limit)


async def post(url: str, **how: Any) -> Outcome:
    sender = sending(**how)
    try:
        return await sender.post(url, b"{}", {"content-type": "application/json"}, wanted)
    finally:
        await sender.close()


async def test_a_2xx_is_sent_over_a_connection_that_is_kept() -> None:
    ports: set[object] = set()

    async def answer(writer: asyncio.StreamWriter) -> None:
        ports.add(writer.get_extra_info("peername"))
        await says("204 No Content")(writer)

    async with server(answer) as (url, heads):
        sender = sending()
        outcomes = [await sender.post(url, b"{}", {}, wanted) for _ in range(3)]
        await sender.close()

    assert [outcome.result for outcome in outcomes] == [Result.SENT] * 3
    assert len(ports) == 1
    assert all(head.startswith(b"POST /hook HTTP/1.1\r\nHost: 127.0.0.1:") for head in heads)


async def test_a_private_address_is_refused_unless_the_channel_allows_it_by_whatever_name() -> None:
    async with server(says("200 OK")) as (url, heads):
        port = url.split(":")[2]
        names = [url, f"http://localhost:{port}", f"http://[::ffff:127.0.0.1]:{port}", f"http://0x7f000001:{port}"]
        for name in names:
            outcome = await post(name, allow_private=False)
            assert outcome.result is Result.REFUSED, name
            assert "private address" in str(outcome.error)
        assert heads == []
        assert (await post(url)).result is Result.SENT


class Rebinding:
    """A name server that says something else each time."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return [self.answers.pop(0)]


async def test_a_name_that_is_bound_anew_after_the_check_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer is public, all later ones are this machine: what is connected to is what was checked."""
    connected: list[str] = []

    async def connect(_backend: object, host: str, *_args: object) -> httpcore.AsyncNetworkStream:
        connected.append(host)
        raise httpcore.ConnectError("nobody there")

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    names = Rebinding("93.184.216.34", "127.0.0.1", "169.254.169.254")
    sender = sending(allow_private=False, resolve=names)

    outcomes = [(await sender.post("http://rebound.test/", b"{}", {}, wanted)).result for _ in range(3)]
    await sender.close()

    assert (names.asked, connected) == (3, ["93.184.216.34"])
    assert outcomes == [Result.RETRY, Result.REFUSED, Result.REFUSED]


async def test_of_several_addresses_only_public_ones_are_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[str] = []

    async def connect(_backend: object, host: str, *_args: object) -> httpcore.AsyncNetworkStream:
        connected.append(host)
        raise httpcore.ConnectError("nobody there")

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    mixed = ["10.0.0.1", "93.184.216.34", "::1", "64:ff9b::7f00:1", "1.1.1.1"]

    outcome = await post("http://mixed.test/", allow_private=False, resolve=lambda _host, _port: mixed)

    assert (outcome.result, connected) == (Result.RETRY, ["93.184.216.34", "1.1.1.1"])


async def test_the_certificate_must_be_of_the_name_though_an_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("pager.test").configure_cert(context)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    monkeypatch.setattr(httpcore._async.connection, "default_ssl_context", lambda: trusted)

    async with server(says("200 OK"), tls=context) as (url, heads):
        port = url.split(":")[2].partition("/")[0]
        results = [
            (await post(f"https://{name}:{port}/", resolve=lambda _host, _port: ["127.0.0.1"])).result
            for name in ("pager.test", "another.test")
        ]

    assert results == [Result.SENT, Result.RETRY]
    assert [head.split(b"\r\n")[1] for head in heads] == [f"Host: pager.test:{port}".encode()]


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with server(says("200 OK")) as (url, heads), server(says("200 OK")) as (proxy, through):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        assert (await post(url)).result is Result.SENT

    assert (len(heads), len(through)) == (1, 0)


async def test_a_name_server_that_hangs_for_one_channel_holds_up_no_other() -> None:
    answer = Event()

    def hangs(_host: str, _port: int) -> list[str]:
        answer.wait(30)
        return ["127.0.0.1"]

    async with server(says("200 OK")) as (url, _):
        stuck = sending(resolve=hangs, time_limit=20.0)
        waiting = [asyncio.create_task(stuck.post(url, b"{}", {}, wanted)) for _ in range(40)]
        await asyncio.sleep(0)
        try:
            assert (await post(url)).result is Result.SENT
            assert not any(task.done() for task in waiting)
        finally:
            answer.set()
        await asyncio.gather(*waiting)
        await stuck.close()


async def test_a_redirect_is_not_followed() -> None:
    async with server(says("200 OK")) as (other, seen), server(says("302 Found", f"location: {other}")) as (url, _):
        outcome = await post(url)

    assert (outcome.result, outcome.status, seen) == (Result.REFUSED, 302, [])


async def test_a_notice_that_is_taken_back_while_connecting_does_not_leave() -> None:
    connected: list[object] = []

    async def taken_back() -> None:
        connected.append(True)
        raise TakenBack(Outcome(Result.SUPPRESSED, error="the page is acknowledged"))

    async with server(says("200 OK")) as (url, heads):
        sender = sending()
        with pytest.raises(TakenBack):
            await sender.post(url, b"{}", {}, taken_back)
        after = await sender.post(url, b"{}", {}, wanted)
        await sender.close()

    assert (connected, len(heads), after.result) == ([True], 1, Result.SENT)


async def test_busy_is_tried_again_when_the_receiver_says() -> None:
    async with server(says("503 Busy", "retry-after: 7")) as (url, _):
        outcome = await post(url)

    assert (outcome.result, outcome.retry_after) == (Result.RETRY, timedelta(seconds=7))


async def test_nobody_listening_is_tried_again() -> None:
    assert (await post(f"http://127.0.0.1:{free_port()}/")).result is Result.RETRY


async def test_no_answer_in_time_is_ambiguous() -> None:
    async def never(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with server(never) as (url, heads):
        outcome = await post(url, time_limit=0.2)

    assert (outcome.result, len(heads)) == (Result.AMBIGUOUS, 1)


async def test_a_connection_that_breaks_before_the_answer_is_ambiguous() -> None:
    async def hang_up(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with server(hang_up) as (url, _):
        assert (await post(url)).result is Result.AMBIGUOUS


@pytest.mark.parametrize("url", ["ftp://example.org/", "no url"])
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    assert (await post(url)).result is Result.REFUSED
