"""Which addresses a channel may connect to: never a private one, unless it is allowed to.

A name is resolved once, every address is checked, and the very address that was checked is connected to: a name that
resolves to something else a moment later gains nothing. TLS still asks for a certificate of the name. Each channel
resolves in threads of its own, so that a name server that hangs for one holds up no other.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore

from shared.addresses import is_public

RESOLVERS = 4
"""Names that one channel resolves at a time."""

Resolve = Callable[[str, int], list[str]]
"""The addresses of a host, in order; blocks; raises `OSError` when there are none."""


class ForbiddenAddress(Exception):
    """The host resolves to nothing but addresses that this channel may not reach."""


def resolve(host: str, port: int) -> list[str]:
    """As the system does."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a host itself and connects to the first address that may be reached."""

    def __init__(self, *, allow_private: bool, resolve: Resolve = resolve) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._resolvers = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to `host`, trying its permitted addresses in order."""
        failure: Exception = ForbiddenAddress(f"{host} is a private address; allow_private in channels.yaml permits it")
        for address in await self._addresses(host, port):
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """As the pool asks between its own retries."""
        await asyncio.sleep(seconds)

    def close(self) -> None:
        """Resolve no more; a name that is being resolved is not waited for."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _addresses(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._resolvers, self._resolve, host, port)
        except (OSError, UnicodeError, RuntimeError) as error:  # the last: closed meanwhile
            raise httpcore.ConnectError(f"{host} does not resolve: {error}") from error
        return [address for address in found if self._allow_private or is_public(address)]
