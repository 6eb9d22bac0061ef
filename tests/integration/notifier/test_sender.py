"""The one way out by HTTP, against real sockets on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from services.notifier.channels.base import TakenBack
from services.notifier.channels.sender import Sender
from services.notifier.delivery import Outcome, Result
from tests.support.installation import free_port

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[tuple[str, list[bytes]]]:
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

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
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


async def post(url: str, *, allow_private: bool = True, time_limit: float = 5.0):
    sender = Sender(allow_private=allow_private, time_limit=time_limit)
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
        sender = Sender(allow_private=True)
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
        sender = Sender(allow_private=True)
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
