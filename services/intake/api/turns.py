"""Turns: commands on one case go one after the other, and wait without a connection.

They would wait for each other on the row of the case anyway, each with a connection of the pool in its hand,
until nothing was left for other cases.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from shared.http.problems import busy

LONGEST_LINE = 500
"""Commands on one case that may wait in this process; the next is sent away with 503."""

PATIENCE = 5.0
"""Seconds that a command waits for its turn."""


@dataclass
class _Line:
    """Those who wait for one case, and whose turn it is."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0


class Turns:
    """The lines of one process."""

    def __init__(self) -> None:
        self._lines: dict[UUID, _Line] = {}

    @asynccontextmanager
    async def of(self, case_id: UUID) -> AsyncIterator[None]:
        """Wait for a turn on the case and hold it; 503 when the line is too long or does not move."""
        line = self._lines.setdefault(case_id, _Line())
        if line.length > LONGEST_LINE:
            raise busy()
        line.length += 1
        try:
            await self._wait(line)
            try:
                yield
            finally:
                line.turn.release()
        finally:
            line.length -= 1
            if line.length == 0:
                del self._lines[case_id]

    @staticmethod
    async def _wait(line: _Line) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await line.turn.acquire()
        except TimeoutError:
            raise busy() from None
