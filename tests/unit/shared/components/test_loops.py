"""A loop outlives every fault of its step, says so, and stops when told."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.clock import SystemClock
from shared.components.loops import FIRST_PAUSE, LONGEST_PAUSE, Loop, pause_after
from shared.errors import Transient
from tests.support.waiting import wait_until


class Steps:
    """A step that fails as often as told, then succeeds."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.tried = 0
        self.done = 0

    async def __call__(self) -> None:
        self.tried += 1
        if self.faults:
            raise self.faults.pop(0)
        self.done += 1


def loop_of(step: Callable[[], Awaitable[None]], interval: float = 3600) -> Loop:
    return Loop("work", step, interval=interval, clock=SystemClock(), longest_pause=0.01)


@pytest.mark.parametrize("fault", [Transient("away"), ValueError("a bug")])
async def test_no_fault_ends_it(fault: Exception) -> None:
    steps = Steps(fault, fault, fault)
    loop = loop_of(steps)
    await loop.start()
    await wait_until(lambda: steps.done == 1)
    assert steps.tried == 4
    assert loop.check().ok
    await loop.stop()


async def test_while_it_keeps_failing_it_is_not_ready_and_says_why() -> None:
    steps = Steps(*[Transient("PostgreSQL is away")] * 1000)
    loop = loop_of(steps)
    await loop.start()
    await wait_until(lambda: steps.tried >= 2)
    assert not loop.check().ok
    assert "PostgreSQL is away" in loop.check().detail
    await loop.stop()


async def test_it_is_not_ready_before_its_start() -> None:
    assert loop_of(Steps()).check().detail == "not started"


async def test_waking_it_runs_the_next_step_now() -> None:
    steps = Steps()
    loop = loop_of(steps)
    await loop.start()
    await wait_until(lambda: steps.done == 1)
    loop.wake()
    await wait_until(lambda: steps.done == 2)
    await loop.stop()


async def test_a_wake_during_a_step_is_not_lost() -> None:
    entered, go_on, steps = asyncio.Event(), asyncio.Event(), 0

    async def step() -> None:
        nonlocal steps
        steps += 1
        entered.set()
        await go_on.wait()

    loop = loop_of(step)
    await loop.start()
    await entered.wait()
    loop.wake()
    go_on.set()
    await wait_until(lambda: steps == 2)
    await loop.stop()


async def test_stopping_lets_the_step_in_hand_finish() -> None:
    entered, finished = asyncio.Event(), False

    async def step() -> None:
        nonlocal finished
        entered.set()
        await asyncio.sleep(0.05)
        finished = True

    loop = loop_of(step)
    await loop.start()
    await entered.wait()
    await loop.stop()
    assert finished
    await loop.stop()


def test_pauses_double_up_to_the_longest_with_chance_in_them() -> None:
    for failures in range(1, 30):
        whole = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1))
        assert whole / 2 <= pause_after(failures) <= whole
    assert pause_after(1, at_least=0.4) == 0.4
    assert pause_after(20, at_least=60.0) == LONGEST_PAUSE
