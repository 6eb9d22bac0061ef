"""Waiting in tests: until something holds, with a limit, and never for a fixed time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

LIMIT = 10.0
PAUSE = 0.02


class NeverHappened(AssertionError):
    """The condition did not hold in time; says what was last seen."""


@overload
async def wait_until(
    condition: Callable[[], Awaitable[T]], timeout: float = LIMIT, *, what: str = "", pause: float = PAUSE
) -> T: ...
@overload
async def wait_until(
    condition: Callable[[], T], timeout: float = LIMIT, *, what: str = "", pause: float = PAUSE
) -> T: ...
async def wait_until(
    condition: Callable[[], Any], timeout: float = LIMIT, *, what: str = "", pause: float = PAUSE
) -> Any:
    """The first truthy value of `condition` (plain or async); raises `NeverHappened` after `timeout` seconds.

    An `AssertionError` of the condition counts as not yet, and is shown when the time is over.
    """
    give_up = time.monotonic() + timeout
    while True:
        try:
            seen = condition()
            value = await seen if inspect.isawaitable(seen) else seen
            if value:
                return value
            last: object = value
        except AssertionError as error:
            last = error
        if time.monotonic() > give_up:
            raise NeverHappened(f"{what or condition!r} not within {timeout} s; last: {last!r}")
        await asyncio.sleep(pause)


def wait_for(condition: Callable[[], T], timeout: float = LIMIT, *, what: str = "", pause: float = PAUSE) -> T:
    """The same for tests without a loop."""
    give_up = time.monotonic() + timeout
    while True:
        try:
            value = condition()
            if value:
                return value
            last: object = value
        except AssertionError as error:
            last = error
        if time.monotonic() > give_up:
            raise NeverHappened(f"{what or condition!r} not within {timeout} s; last: {last!r}")
        time.sleep(pause)
