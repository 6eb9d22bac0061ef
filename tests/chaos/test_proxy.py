"""The proxy does to connections what a link's mode says, so that a round breaks what it claims to break."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest

from tests.chaos.proxy import LOOPBACK, Link, Mode, Proxy, running_proxy


@pytest.fixture
async def heard() -> AsyncIterator[list[bytes]]:
    """What the far end was sent."""
    return []


@pytest.fixture
async def far(heard: list[bytes]) -> AsyncIterator[int]:
    """A server that answers each line with itself; its port."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():
                heard.append(line)
                writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, LOOPBACK, 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with running_proxy() as running:
        yield running


@pytest.fixture
def link(proxy: Proxy, far: int) -> Link:
    return proxy.link("here there", far)


async def connected(link: Link) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(LOOPBACK, link.port)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The answer; empty when the connection ended in order. Raises `TimeoutError` when there is none."""
    writer.write(b"hello\n")
    async with asyncio.timeout(0.3):
        return await reader.readline()


async def test_a_link_passes_both_ways(link: Link) -> None:
    reader, writer = await connected(link)
    assert await ask(reader, writer) == b"hello\n"
    writer.close()


async def test_a_cut_resets_what_is_open_and_what_comes(proxy: Proxy, link: Link) -> None:
    reader, writer = await connected(link)
    assert await ask(reader, writer) == b"hello\n"
    proxy.become(["here there"], Mode.CUT)
    with pytest.raises(ConnectionError):
        await ask(reader, writer)
    reader, writer = await connected(link)
    with pytest.raises(ConnectionError):
        await ask(reader, writer)


async def test_a_silent_link_takes_connections_and_says_nothing_until_it_is_healed(proxy: Proxy, link: Link) -> None:
    proxy.become(["here there"], Mode.SILENT)
    reader, writer = await connected(link)
    with pytest.raises(TimeoutError):
        await ask(reader, writer)
    proxy.heal()
    with pytest.raises(ConnectionError):
        await ask(reader, writer)
    reader, writer = await connected(link)
    assert await ask(reader, writer) == b"hello\n"
    writer.close()


async def test_a_deaf_link_delivers_and_keeps_the_answer(proxy: Proxy, link: Link, heard: list[bytes]) -> None:
    reader, writer = await connected(link)
    assert await ask(reader, writer) == b"hello\n"
    proxy.become(["here there"], Mode.DEAF)
    with pytest.raises(TimeoutError):
        await ask(reader, writer)
    assert heard == [b"hello\n", b"hello\n"]


async def test_a_delayed_link_is_late_and_loses_nothing(proxy: Proxy, link: Link) -> None:
    proxy.become(["here there"], Mode.PASS, delay=0.4)
    reader, writer = await connected(link)
    with pytest.raises(TimeoutError):
        await ask(reader, writer)
    assert await reader.readline() == b"hello\n"
    writer.close()
