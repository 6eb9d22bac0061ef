"""Waiting for a condition instead of sleeping for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any


def wait_until_true(condition: Callable[[], Any], *, within: float = 30.0, what: str = "the condition") -> None:
    """Poll `condition` until it is true; AssertionError naming `what` after `within` seconds."""
    limit = time.monotonic() + within
    while not condition():
        assert time.monotonic() < limit, f"waited {within} s in vain for {what}"
        time.sleep(0.02)


async def wait_until(
    condition: Callable[[], Awaitable[Any]] | Callable[[], Any], *, within: float = 30.0, what: str = "the condition"
) -> Any:
    """The first true value of `condition` (a function or coroutine function); AssertionError after `within` s."""
    limit = time.monotonic() + within
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < limit, f"waited {within} s in vain for {what}"
        await asyncio.sleep(0.02)
