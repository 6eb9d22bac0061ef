"""A watchdog: ends the process when its work no longer advances, so that a supervisor starts it anew.

It lives in a thread of its own, because a blocked event loop could not notice itself. It counts its own
ticks, not wall time: a process that was frozen and thawed is not taken for a stuck one.
"""

import os
import threading
from collections.abc import Callable

import structlog

TICK = 1.0

log = structlog.get_logger(__name__)


class Watchdog:
    """`touch` it whenever the work advances or knows why it cannot; `limit` ticks without end the process."""

    def __init__(self, name: str, *, limit: int, end: Callable[[], None] | None = None, tick: float = TICK) -> None:
        self._name = name
        self._limit = limit
        self._tick = tick
        self._end = end or _exit
        self._ticks = 0
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch."""
        if self._thread is None:
            self._ticks = 0
            self._stopped.clear()
            self._thread = threading.Thread(target=self._watch, name=f"watchdog {self._name}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        thread, self._thread = self._thread, None
        self._stopped.set()
        if thread is not None:
            thread.join(self._tick + 1)

    def touch(self) -> None:
        """The work is alive."""
        self._ticks = 0

    def _watch(self) -> None:
        while not self._stopped.wait(self._tick):
            self._ticks += 1
            if self._ticks >= self._limit:
                log.critical("no longer advances, ending the process", work=self._name, ticks=self._ticks)
                self._end()
                return


def _exit() -> None:
    os._exit(70)
