"""How much poison is too much: then the fault is here, not in the records, and the consumer must stop."""

from collections import deque

from shared.bus.positions import Place
from shared.errors import TocsinError

WINDOW = 200
AT_LEAST = 20
SHARE = 0.2


class Overfull(TocsinError):
    """A bound on what may be set aside is reached: nothing of the batch is written, `place` waits."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place


class TooMuchPoison(Overfull):
    """So many of the last records cannot be taken that going on would drain the topic into dead letters."""


class PoisonGauge:
    """Watches the last `WINDOW` records."""

    def __init__(self) -> None:
        self._outcomes: deque[bool] = deque(maxlen=WINDOW)

    def admit(self, *, total: int, dead: int, place: Place) -> None:
        """Raise `TooMuchPoison` if a batch with `dead` of `total` records would exceed the share."""
        remembered = list(self._outcomes)[-max(0, WINDOW - total) :] if total < WINDOW else []
        bad = sum(remembered) + dead
        if dead and bad >= AT_LEAST and bad > SHARE * (len(remembered) + total):
            raise TooMuchPoison(
                place,
                f"{bad} of the last {len(remembered) + total} records cannot be taken; the consumer stopped "
                "before draining the topic: see docs/runbooks/dead-letters.md",
            )

    def count(self, *, total: int, dead: int) -> None:
        """A batch was committed."""
        self._outcomes.extend([True] * dead + [False] * (total - dead))

    def clear(self) -> None:
        """Somebody has seen to what was set aside: begin anew."""
        self._outcomes.clear()
