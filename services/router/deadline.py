"""The deadline that routing works towards, and how much room is left before it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from shared.contracts.vocabulary import ClockKind, ClockState

RESOLVE: Final = "resolve"


@dataclass(frozen=True, slots=True)
class KnownClock:
    """What routing keeps of a clock. `due_at` is None while it is paused."""

    clock_id: UUID
    name: str
    kind: ClockKind
    state: ClockState
    due_at: datetime | None

    @property
    def counts(self) -> bool:
        """Only `resolve` and regulatory clocks are deadlines: `acknowledge` would call every critical case lost."""
        return self.kind is ClockKind.REGULATORY or self.name == RESOLVE


def deadline(clocks: Iterable[KnownClock], *, stand_in: datetime | None) -> datetime | None:
    """The earliest due among running clocks; once all are past, the latest that was missed.

    Until a first clock that counts is known, `stand_in` (the resolve target from `received_at`) holds.
    """
    known = [clock for clock in clocks if clock.counts]
    if not known:
        return stand_in
    running = [clock.due_at for clock in known if clock.state is ClockState.RUNNING and clock.due_at]
    missed = [clock.due_at for clock in known if clock.state is ClockState.BREACHED and clock.due_at]
    return min(running, default=max(missed, default=None))


def stand_in(received_at: datetime, target: timedelta | None) -> datetime | None:
    """Due by the resolve target around the clock; None for a severity without one."""
    return None if target is None else received_at + target


def slack(due: datetime | None, now: datetime, handling: timedelta) -> timedelta | None:
    """Room left before the case must be begun; negative when it is too late, None without a deadline."""
    return None if due is None else due - now - handling
