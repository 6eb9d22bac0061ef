"""Who is on shift now, reckoned anew only when a shift begins or ends; and how everybody stands. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from services.router.rules import Rules
from services.router.shifts import Shift, Shifts
from services.router.specialist import Held, Standing, Status
from shared.contracts.vocabulary import Presence

_NOTHING_KEPT = Status(load=0, presence=None, idle_since=None)


class ShiftBoard:
    """Present and next shift of each specialist under one set of rules."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._shifts: dict[str, _Entry] = {}

    def of(self, specialist: str, now: datetime) -> tuple[Shift | None, Shift | None]:
        """The present shift (None: off shift) and the next one (None: none within a year)."""
        entry = self._shifts.get(specialist)
        if entry is None or not entry.since <= now < entry.until:
            entry = self._shifts[specialist] = _Entry(self.rules.by_id[specialist].shifts, now)
        return entry.shift, entry.following

    def standings(
        self, statuses: Mapping[str, Status], held: Mapping[str, Sequence[Held]], now: datetime
    ) -> dict[str, Standing]:
        """How everybody of the roster stands; presence never said is available."""
        return {
            name: self._standing(name, statuses.get(name, _NOTHING_KEPT), held.get(name, ()), now)
            for name in self.rules.by_id
        }

    def _standing(self, name: str, status: Status, held: Sequence[Held], now: datetime) -> Standing:
        shift, following = self.of(name, now)
        presence = status.presence or Presence.AVAILABLE
        return Standing(shift, following, presence, status.load, list(held), status.idle_since)


class _Entry:
    """Shifts as they are from `since` until the next begins or this one ends."""

    __slots__ = ("following", "shift", "since", "until")

    def __init__(self, shifts: Shifts, now: datetime) -> None:
        self.shift = shifts.at(now)
        self.following = shifts.after(now)
        self.since = now
        ends = [self.shift.end] if self.shift else []
        starts = [self.following.start] if self.following else []
        self.until = min(ends + starts, default=datetime.max.replace(tzinfo=UTC))
