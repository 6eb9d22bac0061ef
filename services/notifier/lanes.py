"""How many notices one channel may have in flight: few at first, more with each success, fewer with trouble. Pure.

A receiver that is met with everything at once refuses connections; one that answers quickly soon gets all; one
that fails gets a probe now and then (`breaker`). Some of a lane is kept for urgent pages, so that none of them
waits behind one that is not.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from services.notifier.breaker import Breaker, Circuit
from services.notifier.delivery import Result

NARROW = 4.0
WIDE = 24.0
GROWTH = 0.25
"""By which each success widens a lane: a quarter more with each round of answers."""

KEPT_FOR_URGENT = 2
"""Places that pages of low urgency leave free."""

COLD_AFTER = 30.0
"""Seconds without use after which connections may be gone, so that it starts narrow again."""

_NOT_ITS_FAULT = frozenset({Result.REFUSED, Result.SUPPRESSED})


@dataclass
class Lane:
    """One channel in this process. Times are monotonic seconds."""

    in_flight: int = 0
    width: float = NARROW
    used_at: float = 0.0
    breaker: Breaker = field(default_factory=Breaker)

    def free(self, now: float) -> int:
        """How many more may leave now. A probe goes alone: nothing else is in flight with it."""
        circuit = self.breaker.circuit(now)
        if circuit is not Circuit.CLOSED:
            return int(circuit is Circuit.HALF_OPEN and self.in_flight == 0)
        if self.in_flight == 0 and now - self.used_at > COLD_AFTER:
            self.width = NARROW
        return max(0, int(self.width) - self.in_flight)

    def free_for_low(self, now: float) -> int:
        """How many of these may be of low urgency; a probe may."""
        free = self.free(now)
        return free if self.shut(now) else max(0, free - KEPT_FOR_URGENT)

    def shut(self, now: float) -> bool:
        """Whether the circuit is not closed: what waits should go another way."""
        return self.breaker.circuit(now) is not Circuit.CLOSED

    def begin(self, now: float) -> None:
        """One leaves."""
        self.in_flight += 1
        self.used_at = now

    def end(
        self, result: Result | None, now: float, *, jitter: float = 0.0, retry_after: timedelta | None = None
    ) -> None:
        """One is back; None when nobody knows how it ended."""
        self.in_flight -= 1
        self.used_at = now
        self.breaker.end(result, now, jitter=jitter, retry_after=retry_after)
        if result is Result.SENT:
            self.width = min(WIDE, self.width + GROWTH)
        elif result not in _NOT_ITS_FAULT:
            self.width = max(NARROW, self.width / 2)
