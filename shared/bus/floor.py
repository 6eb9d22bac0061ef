"""The floor of the outbox: the id below which nothing is pending and nothing can still be committed.

Reading from the floor spares the relay the dead rows before it. An id is drawn before its transaction
commits, so a row may appear below ids that were sent long ago; were it skipped, a later event of its key
would overtake it. So the floor follows only ids whose transactions have all ended, which PostgreSQL
tells by its snapshots. A foreign transaction that stays open merely holds the floor back.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """What one statement saw: the last id drawn, the oldest running transaction, the next to be given."""

    last_id: int
    xmin: int
    xmax: int


class Floor:
    """Raised by looks, held down by what is still pending."""

    def __init__(self) -> None:
        self.value = 0
        self._seen: int | None = None
        self._waiting: tuple[int, int] | None = None
        self._settled = 0

    def look(self, look: Look) -> None:
        """Learn from one look; ids drawn before the look before it settle once this look's running end."""
        if self._waiting is not None and look.xmin >= self._waiting[1]:
            self._settled, self._waiting = self._waiting[0], None
        if self._waiting is None and self._seen is not None:
            # `_seen` was drawn before this look's snapshot: its transaction is older than `xmax`.
            self._waiting = (self._seen, look.xmax)
        self._seen = look.last_id

    def drained(self, lowest_pending: int | None) -> None:
        """The outbox was read from the floor: `lowest_pending` is still there, or nothing (None)."""
        highest = self._settled if lowest_pending is None else min(self._settled, lowest_pending - 1)
        self.value = max(self.value, highest)
