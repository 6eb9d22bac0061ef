"""Watches whether PostgreSQL answers at all, over a connection of its own.

A server that was killed refuses at once. One that is frozen, or cut off, says nothing: every statement
would wait for its time-out and hold its caller as long. The watch notices within three seconds; then what
is in hand fails, and whatever comes fails at once, until PostgreSQL answers again.
"""

import asyncio
from contextlib import suppress
from typing import Any

import structlog

from shared.clock import Clock
from shared.components.component import Check
from shared.components.loops import Loop
from shared.db.faults import translated
from shared.db.pool import Database
from shared.errors import Transient

INTERVAL = 0.5
ANSWER_WITHIN = 1.0
SILENT_AFTER = 2
"""Questions in a row without an answer. One alone may be this process's own: it was frozen, and its timer is due
before the answer that lies ready is read."""

log = structlog.get_logger(__name__)


class Watch:
    """A component."""

    name = "postgresql"

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._loop = Loop(self.name, self.look, interval=INTERVAL, clock=clock, longest_pause=INTERVAL)
        self._connection: Any = None
        self._unanswered = 0

    async def start(self) -> None:
        """Begin to watch."""
        await self._loop.start()

    async def stop(self) -> None:
        """End."""
        await self._loop.stop()
        self._drop()

    def check(self) -> Check:
        """Whether PostgreSQL answers."""
        return self._loop.check()

    async def look(self) -> None:
        """Ask once; raises `Transient` when there is no answer."""
        try:
            with translated():
                async with asyncio.timeout(ANSWER_WITHIN):
                    await self._ask()
        except Transient as error:
            self._drop()
            await self._not_answered(error)
            raise
        if self._db.silent:
            log.info("PostgreSQL answers again")
        self._unanswered = 0
        self._db.answers()

    async def _ask(self) -> None:
        if self._connection is None:
            self._connection = await self._db.connect_apart()
        await self._connection.fetchval("SELECT 1")

    async def _not_answered(self, error: Transient) -> None:
        self._unanswered += 1
        await self._db.renew_connections()
        if self._unanswered >= SILENT_AFTER and not self._db.silent:
            log.warning("PostgreSQL does not answer", error=str(error))
            self._db.falls_silent()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError):
                connection.terminate()
