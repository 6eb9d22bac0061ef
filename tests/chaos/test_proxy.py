"""The proxy does to connections what a link's mode says, so that a round breaks what it claims to break."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from tests.chaos.proxy import LOOPBACK, Link, Mode, Proxy, running_proxy
from tests.support.waiting import LIMIT, wait_until

WHILE = 0.3
"""Seconds without an answer that count as silence."""


@dataclass(frozen=True)
class Line:
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, within: float = LIMIT) -> bytes:
        """The answer; empty when the connection ended in order. Raises `TimeoutError` when there is none."""
        self.writer.write(b"hello\n")
        async with asyncio.timeout(within):
            return await self.reader.readline()

    async def end(self) -> None:
        """Give the connection up, whatever became of it."""
        self.writer.transport.abort()
        with suppress(OSError):
            await self.writer.wait_closed()


Dial = Callable[[], Awaitable[Line]]


@pytest.fixture
def heard() -> list[bytes]:
    """What the far end was sent."""
    return []


@pytest.fixture
async def far(heard: list[bytes]) -> AsyncIterator[int]:
    """A server that answers each line with itself; its port."""
    open_lines: set[Line] = set()
    serving: set[asyncio.Task[None] | None] = set()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_lines.add(line := Line(reader, writer))
        serving.add(asyncio.current_task())
        with suppress(OSError):
            while said := await reader.readline():
                heard.append(said)
                writer.write(said)
        await line.end()

    server = await asyncio.start_server(echo, LOOPBACK, 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for line in open_lines:
        await line.end()
    await asyncio.gather(*filter(None, serving))


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with running_proxy() as running:
        yield running


@pytest.fixture
def link(proxy: Proxy, far: int) -> Link:
    return proxy.link("here there", far)


@pytest.fixture
async def dial(link: Link) -> AsyncIterator[Dial]:
    """Connects over the link; every connection ends with the test."""
    lines: list[Line] = []

    async def connected() -> Line:
        lines.append(Line(*await asyncio.open_connection(LOOPBACK, link.port)))
        return lines[-1]

    yield connected
    for line in lines:
        await line.end()


async def test_a_link_passes_both_ways(dial: Dial) -> None:
    assert await (await dial()).ask() == b"hello\n"


async def test_a_cut_resets_what_is_open_and_what_comes(proxy: Proxy, dial: Dial) -> None:
    line = await dial()
    assert await line.ask() == b"hello\n"
    proxy.become(["here there"], Mode.CUT)
    with pytest.raises(ConnectionError):
        await line.ask()
    with pytest.raises(ConnectionError):
        await (await dial()).ask()


async def test_a_silent_link_takes_connections_and_says_nothing_until_it_is_healed(proxy: Proxy, dial: Dial) -> None:
    proxy.become(["here there"], Mode.SILENT)
    line = await dial()
    with pytest.raises(TimeoutError):
        await line.ask(WHILE)
    proxy.heal()
    with pytest.raises(ConnectionError):
        await line.ask()
    assert await (await dial()).ask() == b"hello\n"


async def test_a_deaf_link_delivers_and_keeps_the_answer(proxy: Proxy, dial: Dial, heard: list[bytes]) -> None:
    line = await dial()
    assert await line.ask() == b"hello\n"
    proxy.become(["here there"], Mode.DEAF)
    with pytest.raises(TimeoutError):
        await line.ask(WHILE)
    await wait_until(lambda: heard == [b"hello\n", b"hello\n"], what="both are heard")


async def test_a_delayed_link_is_late_and_loses_nothing(proxy: Proxy, dial: Dial) -> None:
    proxy.become(["here there"], Mode.PASS, delay=1.0)
    line = await dial()
    with pytest.raises(TimeoutError):
        await line.ask(WHILE)
    assert await line.reader.readline() == b"hello\n"
