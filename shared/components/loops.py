"""A supervised background coroutine: one step again and again, which no error ends."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from shared.clock import Clock
from shared.components.component import READY, Check
from shared.errors import Transient

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 0.5
"""Seconds: what is back is taken up again within half a one, and asking twice a second burdens nothing."""
STOP_TIMEOUT = 8.0
"""Seconds that a step in hand may take to finish once the loop was told to stop."""

log = structlog.get_logger(__name__)


def pause_after(failures: int, *, at_least: float = 0.0, longest: float = LONGEST_PAUSE) -> float:
    """Seconds to wait after the n-th failure in a row: doubling, between half and the whole of it by chance."""
    pause = min(longest, FIRST_PAUSE * 2.0 ** min(failures - 1, 10)) * random.uniform(0.5, 1.0)
    return float(max(min(at_least, longest), pause))


class Loop:
    """Runs `step` each `interval` seconds, or at once when woken.

    `Transient` backs off with jitter. Any other exception is logged, once per kind in a row, and backs
    off too. The check fails from the second failure in a row until a step succeeds.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], Awaitable[None]],
        *,
        interval: float,
        clock: Clock,
        longest_pause: float = LONGEST_PAUSE,
    ) -> None:
        self.name = name
        self.stopping = False
        self._step = step
        self._interval = interval
        self._longest_pause = longest_pause
        self._clock = clock
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self._fault = ""

    async def start(self) -> None:
        """Begin; nothing if it runs already."""
        if self._task is None:
            self.stopping = False
            self._task = asyncio.create_task(self._run(), name=self.name)

    async def stop(self) -> None:
        """Let the step in hand finish, up to `STOP_TIMEOUT`; then cancel it."""
        task, self._task = self._task, None
        if task is None:
            return
        self.stopping = True
        self._woken.set()
        done, _ = await asyncio.wait({task}, timeout=STOP_TIMEOUT)
        if not done:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def wake(self) -> None:
        """Run the next step now."""
        self._woken.set()

    def check(self) -> Check:
        """Not ok before the start and while steps keep failing."""
        if self._task is None:
            return Check(ok=False, detail="not started")
        return READY if self._failures < 2 else Check(ok=False, detail=self._fault)

    async def _run(self) -> None:
        while not self.stopping:
            self._woken.clear()
            pause = await self._attempt()
            if pause is None:
                await self._wait(self._interval)
            elif not self.stopping:
                await self._clock.sleep(pause)

    async def _attempt(self) -> float | None:
        """One step; the pause that a failure asks for, or None."""
        try:
            await self._step()
        except Transient as error:
            return self._failed(error, at_least=error.retry_after if self._failures else 0.0)
        except Exception as error:  # noqa: BLE001 - a loop outlives every fault of its step
            return self._failed(error, at_least=0.0)
        if self._failures:
            log.info("loop recovered", loop=self.name, failures=self._failures)
        self._failures, self._fault = 0, ""
        return None

    def _failed(self, error: Exception, *, at_least: float) -> float:
        fault = f"{type(error).__name__}: {error}"
        if fault != self._fault:
            unexpected = not isinstance(error, Transient)
            log.warning("loop failed", loop=self.name, error=fault, exc_info=error if unexpected else None)
        self._failures, self._fault = self._failures + 1, fault
        return pause_after(self._failures, at_least=at_least, longest=self._longest_pause)

    async def _wait(self, seconds: float) -> None:
        """Until woken, at the latest after `seconds`."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
