"""Whether a channel is worth a try: a circuit that opens on failures in a row, probes, and closes again. Pure.

Open, nothing is tried on the channel: what waits for it keeps its tries, its age and its key, and the responder's
next channel is due at once. After a pause one probe goes out (half open); its end closes the circuit, or opens it
for longer. Each process learns this for itself and forgets it when it ends: nothing that is promised hangs on it.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from services.notifier.delivery import Result

OPENS_AFTER = 3
"""Failures in a row. Below the notices that a lane lets out at first: one round of time-outs is enough."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0
"""Seconds from opening to the probe: short beside what a provider's outage costs, long beside what a probe does."""

LONGEST_ASKED = 60.0
"""Seconds for which a provider's own Retry-After keeps the circuit open at most."""

_FAILURES = frozenset({Result.RETRY, Result.AMBIGUOUS})
_ANSWERS = frozenset({Result.SENT, Result.REFUSED})


class Circuit(StrEnum):
    """What may leave: anything, nothing, or one probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass
class Breaker:
    """Of one channel in one process. Times are monotonic seconds; `probe_at` is None while the circuit is closed."""

    failures: int = 0
    openings: int = 0
    probe_at: float | None = None

    def circuit(self, now: float) -> Circuit:
        """How it stands."""
        if self.probe_at is None:
            return Circuit.CLOSED
        return Circuit.OPEN if now < self.probe_at else Circuit.HALF_OPEN

    def end(self, result: Result | None, now: float, *, jitter: float, retry_after: timedelta | None = None) -> None:
        """A try has ended; `jitter` is from [0, 1). None, or suppressed: nothing was learned.

        A refusal is an answer: the provider is there. While the circuit is open only an answer counts.
        """
        if result in _ANSWERS:
            self.failures, self.openings, self.probe_at = 0, 0, None
        elif result in _FAILURES and self.circuit(now) is not Circuit.OPEN:
            self.failures += 1
            if self.failures >= OPENS_AFTER:
                self._open(now, jitter, retry_after)

    def _open(self, now: float, jitter: float, retry_after: timedelta | None) -> None:
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * float(2 ** min(self.openings, 10)))
        asked = min(LONGEST_ASKED, retry_after.total_seconds()) if retry_after else 0.0
        self.openings += 1
        self.probe_at = now + max(longest * (0.5 + jitter / 2), asked)
