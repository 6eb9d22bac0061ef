"""The watchdog ends a process that no longer advances, and no other."""

import threading
import time

from shared.components.watchdog import Watchdog
from tests.support.waiting import wait_for


def test_work_that_does_not_advance_ends_the_process() -> None:
    ended = threading.Event()
    watchdog = Watchdog("consumer", limit=3, end=ended.set, tick=0.005)
    watchdog.start()
    assert ended.wait(5)
    watchdog.stop()


def test_work_that_advances_is_left_alone() -> None:
    ended = threading.Event()
    watchdog = Watchdog("consumer", limit=200, end=ended.set, tick=0.005)
    watchdog.start()
    until = time.monotonic() + 0.3
    wait_for(lambda: watchdog.touch() or time.monotonic() > until)
    watchdog.stop()
    assert not ended.is_set()


def test_once_stopped_it_watches_no_longer() -> None:
    ended = threading.Event()
    watchdog = Watchdog("consumer", limit=10, end=ended.set, tick=0.005)
    watchdog.start()
    watchdog.stop()
    assert not ended.wait(0.1)
