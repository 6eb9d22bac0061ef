"""A TCP proxy on loopback whose links can be cut, delayed and made half-open, in a thread of its own.

Owns one listening port per link. A link that swallowed bytes is reset when it is healed, as a router that lost its
state would do it; a delayed one keeps order and loses nothing.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

LOOPBACK = "127.0.0.1"
CHUNK = 65_536
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing sends RST."""


class Mode(StrEnum):
    """What a link does with what comes."""

    PASS = "pass"
    CUT = "cut"
    """Every connection is reset, new ones at once after they were accepted."""
    SILENT = "silent"
    """Connections are accepted and stay open; nothing passes either way."""
    DEAF = "deaf"
    """What the client sends arrives, and no answer ever comes back."""


@dataclass(eq=False)
class Connection:
    """One client and, unless the link was silent, its upstream."""

    writers: list[asyncio.StreamWriter]
    swallowed: bool = False

    def close(self, *, abruptly: bool) -> None:
        """End both sides, `abruptly` by RST."""
        if abruptly:
            self.reset()
        for writer in self.writers:
            writer.close()

    def reset(self) -> None:
        """End both sides by RST."""
        for writer in self.writers:
            end = writer.get_extra_info("socket")
            if end is not None:
                with suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()


@dataclass(eq=False)
class Link:
    """From `port` to `upstream`, both on loopback; `delay` is seconds for each chunk."""

    name: str
    upstream: int
    port: int = 0
    mode: Mode = Mode.PASS
    delay: float = 0.0
    connections: set[Connection] = field(default_factory=set)

    def become(self, mode: Mode, delay: float = 0.0) -> None:
        """Behave so from now on; connections that the change ends are reset."""
        self.mode, self.delay = mode, delay
        for connection in list(self.connections):
            if mode is Mode.CUT or (mode is Mode.PASS and connection.swallowed):
                connection.reset()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Live as long as one client's connection."""
        connection = Connection([writer])
        self.connections.add(connection)
        try:
            await self._serve(connection, reader)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.connections.discard(connection)
            connection.close(abruptly=self.mode is Mode.CUT)

    async def _serve(self, connection: Connection, reader: asyncio.StreamReader) -> None:
        if self.mode is Mode.CUT:
            return
        if self.mode is Mode.SILENT:
            await self._pump(connection, reader, None, mute=(Mode.SILENT,))
            return
        upstream_reader, upstream = await asyncio.open_connection(LOOPBACK, self.upstream)
        connection.writers.append(upstream)
        ways = [
            self._pump(connection, reader, upstream, mute=(Mode.SILENT,)),
            self._pump(connection, upstream_reader, connection.writers[0], mute=(Mode.SILENT, Mode.DEAF)),
        ]
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pump(
        self,
        connection: Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter | None,
        *,
        mute: tuple[Mode, ...],
    ) -> None:
        """Carry one direction until its end; in the modes of `mute` what comes is swallowed."""
        while data := await reader.read(CHUNK):
            if self.delay:
                await asyncio.sleep(self.delay)
            if writer is None or self.mode in mute:
                connection.swallowed = True
            else:
                writer.write(data)
                await writer.drain()


class Proxy:
    """All links of one harness; callable from any thread."""

    def __init__(self) -> None:
        self.links: dict[str, Link] = {}
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()

    def link(self, name: str, upstream: int, port: int = 0) -> Link:
        """A new link, passing; it listens on `port`, or on a free one."""
        made = Link(name, upstream)
        self._run(self._listen(made, port))
        self.links[name] = made
        return made

    def become(self, names: Iterator[str] | list[str], mode: Mode, delay: float = 0.0) -> None:
        """Have these links behave so from now on."""
        chosen = [self.links[name] for name in names]

        async def change() -> None:
            for link in chosen:
                link.become(mode, delay)

        self._run(change())

    def heal(self) -> None:
        """Every link passes again."""
        self.become(list(self.links), Mode.PASS)

    def close(self) -> None:
        """Stop listening, reset what is open, end the thread."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _listen(self, link: Link, port: int) -> None:
        server = await asyncio.start_server(link.serve, LOOPBACK, port)
        self._servers.append(server)
        link.port = server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for link in self.links.values():
            link.become(Mode.CUT)
        own = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not own]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # transports end in the turn after they were closed

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


@contextmanager
def running_proxy() -> Iterator[Proxy]:
    """A proxy until the block ends."""
    proxy = Proxy()
    try:
        yield proxy
    finally:
        proxy.close()
