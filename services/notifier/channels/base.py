"""What every channel is to the workers: it takes a notice and says how the try ended."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from services.notifier.delivery import Outcome, Result
from services.notifier.notices import Notice


class TakenBack(Exception):
    """A look directly before the send found that the notice must not leave; `outcome` says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.error)
        self.outcome = outcome


Look = Callable[[], Awaitable[None]]
"""Asked when everything is ready, before the first byte: raises `TakenBack` when nothing may leave any more."""


class Channel(Protocol):
    """One configured channel. `send` raises nothing for what a provider or the network does, only `TakenBack`."""

    async def send(self, notice: Notice, look: Look) -> Outcome:
        """Try once."""

    async def close(self) -> None:
        """Let go of connections."""


class Unusable:
    """A channel that cannot be used: every attempt is refused with the reason, so that the next one is tried."""

    def __init__(self, why: str) -> None:
        self._why = why

    async def send(self, notice: Notice, look: Look) -> Outcome:  # noqa: ARG002 - no notice leaves here
        """Refuse."""
        return Outcome(Result.REFUSED, error=self._why)

    async def close(self) -> None:
        """Nothing is held."""
