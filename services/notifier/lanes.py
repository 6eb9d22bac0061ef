"""How many notices one channel may have in flight: few at first, more with each success, fewer with trouble. Pure.

A receiver that is met with everything at once refuses connections; one that answers quickly soon gets all.
"""

from dataclasses import dataclass

from services.notifier.delivery import Result

NARROW = 4.0
WIDE = 24.0
GROWTH = 0.25
"""By which each success widens a lane: a quarter more with each round of answers."""

COLD_AFTER = 30.0
"""Seconds without use after which connections may be gone, so that it starts narrow again."""


@dataclass
class Lane:
    """One channel in this process. Times are monotonic seconds."""

    in_flight: int = 0
    width: float = NARROW
    used_at: float = 0.0

    def free(self, now: float) -> int:
        """How many more may leave now."""
        if self.in_flight == 0 and now - self.used_at > COLD_AFTER:
            self.width = NARROW
        return max(0, int(self.width) - self.in_flight)

    def begin(self, now: float) -> None:
        """One leaves."""
        self.in_flight += 1
        self.used_at = now

    def end(self, result: Result | None, now: float) -> None:
        """One is back; None when nobody knows how it ended."""
        self.in_flight -= 1
        self.used_at = now
        if result is Result.SENT:
            self.width = min(WIDE, self.width + GROWTH)
        elif result is not Result.REFUSED:
            self.width = max(NARROW, self.width / 2)
