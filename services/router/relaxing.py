"""When a soft requirement is let go, and what a case waits for meanwhile. Pure.

A requirement is relaxed only when waiting for somebody who matches would miss the deadline: expected wait
for a match > slack, one rung of the ladder after the other. A match who is free is never passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.router.eligibility import Reason
from shared.contracts.scalars import format_duration
from shared.contracts.vocabulary import Requirement

_NOW = timedelta(0)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A requirement that was let go, and why, for people."""

    requirement: Requirement
    why: str


@dataclass(frozen=True, slots=True)
class Rung:
    """Those who match once the rungs below are relaxed: how long until one is free (None: never).

    `reason` is what keeps the one who will be free first from it now; None when there is nobody at all.
    """

    wait: timedelta | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a need may hope for: one rung per step of the ladder and one before it.

    `on_shift` is the earliest instant at which anybody who passes the hard filters is on shift with time to
    handle the case; who is away or full counts. None: nobody, ever.
    """

    ladder: tuple[Requirement, ...]
    rungs: tuple[Rung, ...]
    on_shift: datetime | None

    def level(self, room: timedelta | None) -> int:
        """How many rungs a case with so much slack (None: no deadline) lets go."""
        for level, rung in enumerate(self.rungs):
            if not exceeds(rung.wait, room):
                return level
        return len(self.ladder)


def exceeds(wait: timedelta | None, room: timedelta | None) -> bool:
    """Whether waiting so long would miss the deadline. Somebody free is no wait; nobody ever is too long."""
    if wait is None:
        return True
    return wait > _NOW and room is not None and wait > room


def rung_of(misses: frozenset[Requirement], ladder: Sequence[Requirement]) -> int:
    """The number of rungs that must be relaxed before these misses are allowed."""
    return max((place + 1 for place, requirement in enumerate(ladder) if requirement in misses), default=0)


def relaxations(
    view: Outlook, level: int, room: timedelta | None, misses: frozenset[Requirement]
) -> tuple[Relaxation, ...]:
    """What a pair with these `misses` gives up on the rungs up to `level`, with the reason for each."""
    return tuple(
        Relaxation(requirement, _why(requirement, view.rungs[place].wait, room))
        for place, requirement in enumerate(view.ladder[:level])
        if requirement in misses
    )


def _why(requirement: Requirement, wait: timedelta | None, room: timedelta | None) -> str:
    what = f"nobody who also matches the {requirement.value.replace('_', ' ')}"
    if wait is None:
        return f"{what} is expected at all"
    return f"{what} is expected for {_text(wait)}; the deadline leaves {_text(room)}"


def _text(length: timedelta | None) -> str:
    if length is None:
        return "no end"
    sign = "-" if length < _NOW else ""
    return sign + format_duration(abs(length) // _SECOND * _SECOND)
