"""The HTTP server of a service process: uvicorn, without its own hold on signals."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from shared.http.protocol import GuardedProtocol
from shared.settings import Settings, SettingsError

GRACE = 5
"""Seconds that requests in flight may take once the server closes."""


class HttpServer(uvicorn.Server):
    """Signals are the runner's: uvicorn would end the process before its components are stopped."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(api: FastAPI) -> HttpServer:
    """A server for `api`; it serves the socket that it is given."""
    return HttpServer(
        uvicorn.Config(
            api,
            http=GuardedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
    )


def listen(settings: Settings) -> socket.socket:
    """Bind the service's address, or say which one is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); "
            "free it, or choose another with TOCSIN_HOST and TOCSIN_PORT"
        ) from None
