"""What every channel is to the workers: it takes a notice and says how the try ended."""

from typing import Protocol

from services.notifier.delivery import Outcome, Result
from services.notifier.notices import Notice


class Channel(Protocol):
    """One configured channel. `send` never raises for what a provider or the network does."""

    async def send(self, notice: Notice) -> Outcome:
        """Try once."""

    async def close(self) -> None:
        """Let go of connections."""


class Unusable:
    """A channel that cannot be used: every attempt is refused with the reason, so that the next one is tried."""

    def __init__(self, why: str) -> None:
        self._why = why

    async def send(self, notice: Notice) -> Outcome:  # noqa: ARG002 - no notice leaves here
        """Refuse."""
        return Outcome(Result.REFUSED, error=self._why)

    async def close(self) -> None:
        """Nothing is held."""
