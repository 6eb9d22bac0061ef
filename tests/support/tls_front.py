"""TLS in front of a real PostgreSQL, for the build of the embedded stack has none.

It speaks the protocol's own beginning: the client asks for TLS, is answered `S`, and both shake hands. Whoever does
not ask is refused. From there on every byte goes through to the server.
"""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from tests.support.tls import Certificates

REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)
"""SSLRequest, PostgreSQL's protocol, "Message Formats"."""


@dataclass
class TlsFront:
    """`encrypted` counts the connections whose handshake succeeded."""

    server: tuple[str, int]
    certificates: Certificates
    port: int = 0
    encrypted: int = 0

    def url(
        self, behind: str, *, host: str = "127.0.0.1", mode: str = "verify-full", trusted: str | None = None
    ) -> str:
        """The URL of the server behind, through here, in the form of TOCSIN_DATABASE_URL."""
        parts = urlsplit(behind)
        login = parts.netloc.rpartition("@")[0]
        query = f"sslmode={mode}&sslrootcert={trusted or self.certificates.authority}"
        return urlunsplit(parts._replace(netloc=f"{login}@{host}:{self.port}", query=query))

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            if await reader.readexactly(len(REQUEST)) != REQUEST:
                return
            writer.write(b"S")
            await writer.drain()
            await writer.start_tls(self._context())
            self.encrypted += 1
            inner_reader, inner_writer = await asyncio.open_connection(*self.server)
            await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates.both("server"))
        return context


@contextmanager
def tls_front(server: tuple[str, int], certificates: Certificates) -> Iterator[TlsFront]:
    """In a thread of its own, for as long as the context lasts."""
    front = TlsFront(server, certificates)
    started = threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        listener = await asyncio.start_server(front.meet, "127.0.0.1", 0)
        front.port = listener.sockets[0].getsockname()[1]
        started.set()
        async with listener:
            await asyncio.Event().wait()

    def live() -> None:
        task = loop.create_task(serve())
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            return

    thread = threading.Thread(target=live, name="tls front")
    thread.start()
    started.wait(10)
    try:
        yield front
    finally:
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
        thread.join(10)
        loop.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
