"""Compares what was promised with what is so. Pure.

`check` gives a verdict over everything observed when it was quiet again; each part below `checks` finds the faults
of a few figures, and says of each which case, page or offset, and why.
"""

from collections import defaultdict

from tests.chaos.checks import sequences
from tests.chaos.observed import Observed
from tests.chaos.verdict import Figure, Verdict

PARTS = (sequences.faults,)


def check(observed: Observed) -> Verdict:
    """Every figure with its faults; what is reported without being one; how much happened."""
    faults: dict[Figure, list[str]] = defaultdict(list)
    for part in PARTS:
        for figure, fault in part(observed):
            faults[figure].append(fault)
    return Verdict.of(faults, reported={}, activity={})
