"""A composed service: what it serves, and the parts that start with it and stop in reverse."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from fastapi import FastAPI

from shared.components.component import Component
from shared.components.loops import pause_after
from shared.errors import Transient
from shared.runtime.lifecycle import Phase
from shared.runtime.resources import Resources

STOP_TIMEOUT = 10.0
"""Seconds that one component may take to stop."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Service:
    """`components` start in this order: the relay first, so that it stops last and flushes what others wrote."""

    name: str
    api: FastAPI
    components: Sequence[Component]
    resources: Resources

    async def start(self) -> None:
        """Start every component, waiting for whatever is away; ready afterwards."""
        for component in self._all():
            await self.persist(component.name, component.start)
        self.resources.lifecycle.enter(Phase.RUNNING)

    async def stop(self) -> None:
        """Stop in reverse order; one that cannot is left behind, and named."""
        for component in reversed(self._all()):
            try:
                async with asyncio.timeout(STOP_TIMEOUT):
                    await component.stop()
            except Exception as error:  # noqa: BLE001 - the others must stop all the same
                log.warning("component did not stop", component=component.name, error=repr(error))

    async def persist(self, name: str, attempt: Callable[[], Awaitable[None]]) -> None:
        """Call `attempt` until it no longer raises `Transient`; `/readyz` tells what is waited for."""
        failures = 0
        while True:
            try:
                return await attempt()
            except Transient as error:
                failures += 1
                self.resources.lifecycle.waiting_for(f"{name}: {error}")
                if failures == 1:
                    log.warning("waiting", component=name, error=str(error))
            await self.resources.clock.sleep(pause_after(failures))

    def _all(self) -> list[Component]:
        return [*self.resources.foundation(), *self.components]
