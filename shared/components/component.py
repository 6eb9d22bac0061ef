"""A component: a part of a service that starts, stops and says whether it does its work."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Check:
    """What `/readyz` shows of one component; `detail` says what is wrong and where to read on."""

    ok: bool
    detail: str = ""


READY = Check(ok=True)


class Component(Protocol):
    """Started in the service's order, stopped in reverse; `check` is cheap and never raises."""

    @property
    def name(self) -> str:
        """The name under which `/readyz` shows it."""

    async def start(self) -> None:
        """Begin to work; raises `Transient` when what it needs is away (it is called again then)."""

    async def stop(self) -> None:
        """Finish what is in hand and let go of what is held; safe to call when never started."""

    def check(self) -> Check:
        """Whether it does its work now."""
