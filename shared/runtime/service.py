"""Runs one service as a process: serves HTTP at once, starts the components behind it, drains on a signal.

While PostgreSQL or Kafka is away `/livez` answers 200 and `/readyz` 503; the start goes on by itself
when they are back. SIGTERM or SIGINT: not ready, no new work, finish, release, exit 0 within 20 s. A
second signal exits at once: every step is safe to be killed in.
"""

import asyncio
import gc
import inspect
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog
import uvloop

from shared.db.migrations import require_current
from shared.observability.logging import configure_logging
from shared.runtime import http
from shared.runtime.composition import Service
from shared.runtime.lifecycle import Phase
from shared.runtime.resources import Resources, open_resources
from shared.settings import Settings

DRAIN_TIMEOUT = 18.0
"""Seconds for the whole of stopping; the contract gives 20."""

__all__ = ["Build", "Service", "run"]

Build = Callable[[Settings, Resources], Service]

log = structlog.get_logger(__name__)


def run(build: Build, settings: Settings) -> int:
    """Run a service until a signal; the exit code.

    The service is named after the folder of `build`'s module (`services/<name>/app.py`), in which its
    `migrations` lie too.
    """
    home = Path(inspect.getfile(build)).parent
    configure_logging(home.name, settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(build, settings, home))


async def _run(build: Build, settings: Settings, home: Path) -> int:
    with http.listen(settings) as listener:
        resources = await open_resources(home.name, settings)
        try:
            service = build(settings, resources)
            if resources.key_failures is not None:
                service.api.state.security.on_failure = resources.key_failures.note
            return await _Process(service, home / "migrations").live(listener)
        finally:
            await resources.close()


class _Process:
    """The life of a service between bind and exit."""

    def __init__(self, service: Service, migrations: Path) -> None:
        self._service = service
        self._migrations = migrations
        self._asked_to_stop = asyncio.Event()

    async def live(self, listener: socket.socket) -> int:
        """Serve and work until told to stop; 0, or 1 when a part of it failed for good."""
        self._watch_signals()
        server = http.server(self._service.api)
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="http")
        starting = asyncio.create_task(self._start(), name="start")
        stopping = asyncio.create_task(self._asked_to_stop.wait(), name="stop")
        failed = await self._until_the_end(serving, starting, stopping)
        await self._drain(server, serving, starting)
        return int(failed)

    async def _until_the_end(
        self, serving: asyncio.Task[None], starting: asyncio.Task[None], stopping: asyncio.Task[bool]
    ) -> bool:
        """Wait for a signal (False) or for the end of something that must not end (True)."""
        await asyncio.wait({serving, starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and starting.exception() is None:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (serving, starting):
            if task.done() and (task is serving or task.exception() is not None) and not stopping.done():
                log.error("ended by a fault", part=task.get_name(), exc_info=task.exception())
                return True
        return False

    async def _start(self) -> None:
        resources = self._service.resources
        await self._service.persist("database", lambda: require_current(resources.db, self._migrations))
        await self._service.start()
        gc.collect()
        gc.freeze()
        log.info("ready", service=self._service.name)

    async def _drain(self, server: http.HttpServer, serving: asyncio.Task[None], starting: asyncio.Task[None]) -> None:
        """Readiness off, HTTP closed, then the components in reverse."""
        log.info("draining", service=self._service.name)
        self._service.resources.lifecycle.enter(Phase.DRAINING)
        starting.cancel()
        server.should_exit = True
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT):
                await asyncio.wait({serving, starting})
                await self._service.stop()

    def _watch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)

    def _on_signal(self, number: int) -> None:
        if self._asked_to_stop.is_set():
            os._exit(128 + number)
        self._asked_to_stop.set()
