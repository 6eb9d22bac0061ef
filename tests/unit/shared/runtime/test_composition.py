"""A service starts in order, waits for what is away, and stops in reverse whatever happens."""

from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI

from shared.clock import SystemClock
from shared.components.component import READY, Check
from shared.errors import Transient
from shared.runtime.composition import Service
from shared.runtime.lifecycle import Lifecycle, Phase


class Part:
    """A component that notes what is done to it; fails to start as often as told."""

    def __init__(self, name: str, story: list[str], *, fails: int = 0, stuck: bool = False) -> None:
        self.name = name
        self._story = story
        self._fails = fails
        self._stuck = stuck

    async def start(self) -> None:
        if self._fails:
            self._fails -= 1
            raise Transient("Kafka is away")
        self._story.append(f"start {self.name}")

    async def stop(self) -> None:
        self._story.append(f"stop {self.name}")
        if self._stuck:
            raise RuntimeError("cannot")

    def check(self) -> Check:
        return READY


def service(*parts: Part, foundation: tuple[Part, ...] = ()) -> Service:
    resources: Any = SimpleNamespace(clock=SystemClock(), lifecycle=Lifecycle(), foundation=lambda: list(foundation))
    return Service(name="router", api=FastAPI(), components=parts, resources=resources)


async def test_components_start_in_order_and_stop_in_reverse() -> None:
    story: list[str] = []
    router = service(Part("relay", story), Part("consumer", story), foundation=(Part("config", story),))
    await router.start()
    await router.stop()
    assert story == ["start config", "start relay", "start consumer", "stop consumer", "stop relay", "stop config"]


async def test_what_is_away_at_the_start_is_waited_for() -> None:
    story: list[str] = []
    router = service(Part("consumer", story, fails=2))
    await router.start()
    assert story == ["start consumer"]
    assert router.resources.lifecycle.check().ok


async def test_a_component_that_cannot_stop_does_not_keep_the_others_from_it() -> None:
    story: list[str] = []
    await service(Part("relay", story), Part("consumer", story, stuck=True)).stop()
    assert story == ["stop consumer", "stop relay"]


def test_a_service_is_ready_only_while_it_runs() -> None:
    lifecycle = Lifecycle()
    lifecycle.waiting_for("database: refused")
    assert lifecycle.check() == Check(ok=False, detail="starting: database: refused")
    lifecycle.enter(Phase.RUNNING)
    assert lifecycle.check().ok
    lifecycle.enter(Phase.DRAINING)
    assert lifecycle.check() == Check(ok=False, detail="draining")
