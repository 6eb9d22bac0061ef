"""What a check found: faults by figure, what is reported without being a fault, and how much happened at all.

Pure. A round in which a kind of thing never happened proves nothing of it: `idle` names those. What every round must
have put to the test is in `ALWAYS`; the rest is rare enough to be missing in a short one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

SHOWN = 5
"""Faults of one figure that the summary spells out."""


ALWAYS = frozenset(
    {"cases opened", "commands taken", "offers", "clocks met", "clocks breached", "pages", "notifications"}
)
"""Without any of these a round is void, whatever else it found."""


class Figure(StrEnum):
    """What must be zero."""

    LOST = "lost 2xx"
    TWICE = "case twice"
    GAPS = "sequence gaps"
    ORDER = "order of a key"
    ASSIGNED = "assignment doubled"
    CAPACITY = "capacity exceeded"
    UNBREACHED = "clock past due without breach"
    UNFOUNDED = "breach whose stop was delivered before"
    BREACHED_TWICE = "breach twice"
    UNPAGED = "breach without a page"
    WEBHOOK_IDS = "more than one webhook-id"
    UNSIGNED = "notification without a valid signature"
    AFTER_ACK = "attempt later than 1 s after the end of its page"
    OUTBOX = "outbox left"
    DIVERGED = "states that differ"
    DEAD_LETTERS = "dead letters"
    UNSETTLED = "never quiet"


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check; every figure is in `faults`, most of them empty."""

    faults: Mapping[Figure, tuple[str, ...]]
    reported: Mapping[str, int]
    activity: Mapping[str, int]

    @classmethod
    def of(
        cls, faults: Mapping[Figure, Iterable[str]], *, reported: Mapping[str, int], activity: Mapping[str, int]
    ) -> "Verdict":
        """A verdict in which no figure is missing."""
        return cls({figure: tuple(faults.get(figure, ())) for figure in Figure}, dict(reported), dict(activity))

    @property
    def figures(self) -> dict[str, int]:
        """How many faults of each kind, zeros too."""
        return {figure.value: len(found) for figure, found in self.faults.items()}

    @property
    def broken(self) -> list[Figure]:
        """The figures that are not zero."""
        return [figure for figure, found in self.faults.items() if found]

    @property
    def idle(self) -> list[str]:
        """What never happened."""
        return [name for name, count in self.activity.items() if count == 0]

    @property
    def missing(self) -> list[str]:
        """What never happened and had to."""
        return (
            [name for name in self.activity if name in ALWAYS and name in self.idle]
            if self.activity
            else sorted(ALWAYS)
        )

    @property
    def clean(self) -> bool:
        """Nothing is broken, and what had to happen did."""
        return not self.broken and not self.missing

    def summary(self) -> str:
        """A few lines for a person: each broken figure with its first faults, what was idle, what was counted."""
        lines = [f"{figure.value}: {len(self.faults[figure])}{_first(self.faults[figure])}" for figure in self.broken]
        lines += [f"never happened: {', '.join(self.idle)}"] if self.idle else []
        lines += [_counts("activity", self.activity), _counts("reported", self.reported)]
        return "\n".join(lines)


def _first(faults: tuple[str, ...]) -> str:
    rest = len(faults) - SHOWN
    shown = [f"\n  {fault}" for fault in faults[:SHOWN]]
    return "".join([*shown, f"\n  … and {rest} more"] if rest > 0 else shown)


def _counts(what: str, counts: Mapping[str, int]) -> str:
    return f"{what}: " + ", ".join(f"{name} {count}" for name, count in counts.items())
