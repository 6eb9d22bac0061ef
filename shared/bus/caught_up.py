"""Up to when a consumer has seen everything: the arithmetic, pure.

The end of a partition is asked for at an instant; once the committed position has reached that end,
everything that the brokers had acknowledged by that instant is taken. The instant is noted before the
question goes out, so that no delay of the answer (a slow network, a frozen process) makes it too young.
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.bus.positions import Place

KEPT = 64
"""Ends kept per partition while its consumer is behind; the oldest are kept, so that progress shows."""


class DatabaseTime:
    """The database's clock, reckoned from the last instant it told: never ahead of it."""

    def __init__(self) -> None:
        self._told: tuple[datetime, float] | None = None

    def tell(self, instant: datetime, heard_at: float) -> None:
        """The database said `instant` and the answer was here at `heard_at` (monotonic seconds)."""
        self._told = (instant, heard_at)

    def at(self, monotonic: float) -> datetime | None:
        """What the database's clock shows at least at `monotonic`; None before it was heard."""
        if self._told is None:
            return None
        instant, heard_at = self._told
        return instant + timedelta(seconds=monotonic - heard_at)


class Ends:
    """Ends of partitions as they were seen, each with its instant, until the position has reached them."""

    def __init__(self) -> None:
        self._seen: dict[Place, deque[tuple[int, datetime]]] = {}

    def saw(self, ends: Mapping[Place, int], at: datetime) -> None:
        """The partitions ended there at `at` or later."""
        for place, end in ends.items():
            seen = self._seen.setdefault(place, deque())
            if seen and seen[-1][0] >= end:
                seen[-1] = (seen[-1][0], at)
            elif len(seen) < KEPT:
                seen.append((end, at))

    def reached(self, place: Place, position: int) -> datetime | None:
        """The last instant whose end lies at or before `position`, if it was not told before."""
        seen = self._seen.get(place) or deque()
        at = None
        while seen and seen[0][0] <= position:
            at = seen.popleft()[1]
        return at

    def forget(self, place: Place) -> None:
        """The partition is no longer ours."""
        self._seen.pop(place, None)
