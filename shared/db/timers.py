"""Timers are rows with `due_at`; a sweeper fires what is due, again and again, on every instance.

The sweep itself (a store's `FOR UPDATE SKIP LOCKED LIMIT n` and compare-and-set) is passed in.
"""

from collections.abc import Awaitable, Callable

from shared.clock import Clock
from shared.components.component import Check
from shared.components.loops import Loop

Sweep = Callable[[], Awaitable[int]]
"""Fires up to `limit` due rows in one transaction and returns how many."""


class Sweeper:
    """Calls `sweep` each `interval` seconds, and at once again while it comes back full (`limit` rows)."""

    def __init__(self, name: str, sweep: Sweep, *, interval: float = 0.02, limit: int = 200, clock: Clock) -> None:
        self.name = name
        self._sweep = sweep
        self._limit = limit
        self._loop = Loop(name, self._step, interval=interval, clock=clock)

    async def start(self) -> None:
        await self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    def check(self) -> Check:
        return self._loop.check()

    def wake(self) -> None:
        """Sweep now: something has just become due."""
        self._loop.wake()

    async def _step(self) -> None:
        while await self._sweep() >= self._limit and not self._loop.stopping:
            pass
