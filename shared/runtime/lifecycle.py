"""Where a service process stands between start and stop; the first thing `/readyz` asks."""

from enum import StrEnum

from shared.components.component import READY, Check


class Phase(StrEnum):
    """In the order in which a process goes through them."""

    STARTING = "starting"
    RUNNING = "running"
    DRAINING = "draining"


class Lifecycle:
    """The phase of this process, as a component: ready only while running."""

    name = "lifecycle"

    def __init__(self) -> None:
        self.phase = Phase.STARTING
        self.detail = ""

    async def start(self) -> None:
        """Nothing: the runner moves the phase."""

    async def stop(self) -> None:
        """Nothing: the runner moves the phase."""

    def waiting_for(self, detail: str) -> None:
        """Still starting, and this is why."""
        self.detail = detail

    def enter(self, phase: Phase) -> None:
        """Go on to `phase`."""
        self.phase, self.detail = phase, ""

    def check(self) -> Check:
        if self.phase is Phase.RUNNING:
            return READY
        return Check(ok=False, detail=": ".join(filter(None, (self.phase.value, self.detail))))
