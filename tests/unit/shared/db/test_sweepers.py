"""A sweeper sweeps again at once while it comes back full, and goes on whatever happens."""

from collections.abc import Callable

from shared.clock import SystemClock
from shared.db.timers import Sweeper
from tests.support.waiting import wait_until


class Rows:
    """So many due rows; each sweep takes up to `limit` of them and notes how many."""

    def __init__(self, due: int, limit: int) -> None:
        self.due = due
        self.limit = limit
        self.sweeps: list[int] = []

    async def sweep(self) -> int:
        taken = min(self.due, self.limit)
        self.due -= taken
        self.sweeps.append(taken)
        return taken


def sweeper(sweep: Callable, *, interval: float, limit: int = 200) -> Sweeper:
    return Sweeper("clocks", sweep, interval=interval, limit=limit, clock=SystemClock())


async def test_a_full_sweep_is_followed_by_the_next_without_a_pause() -> None:
    rows = Rows(due=25, limit=10)
    clocks = sweeper(rows.sweep, interval=3600, limit=10)
    await clocks.start()
    await wait_until(lambda: len(rows.sweeps) == 3)
    assert rows.sweeps == [10, 10, 5]
    await clocks.stop()


async def test_waking_it_sweeps_now() -> None:
    rows = Rows(due=0, limit=10)
    clocks = sweeper(rows.sweep, interval=3600)
    await clocks.start()
    await wait_until(lambda: rows.sweeps == [0])
    rows.due = 1
    clocks.wake()
    await wait_until(lambda: rows.sweeps == [0, 1])
    await clocks.stop()


async def test_it_sweeps_again_each_interval() -> None:
    rows = Rows(due=0, limit=10)
    clocks = sweeper(rows.sweep, interval=0.005)
    assert not clocks.check().ok
    await clocks.start()
    await wait_until(lambda: len(rows.sweeps) >= 3)
    assert clocks.check().ok
    await clocks.stop()
