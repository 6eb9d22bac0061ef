"""Compares what was promised with what is so. Pure.

`check` gives a verdict over everything observed when it was quiet again; each part below `checks` finds the faults
of a few figures, and says of each which case, page or offset, and why.
"""

from collections import defaultdict
from collections.abc import Iterator

from tests.chaos.checks import callers, clocks, convergence, counts, pages, routing, sequences
from tests.chaos.observed import Observed
from tests.chaos.quiet import SCHEMAS
from tests.chaos.verdict import Figure, Verdict


def check(observed: Observed) -> Verdict:
    """Every figure with its faults; what is reported without being one; how much happened."""
    faults: dict[Figure, list[str]] = defaultdict(list)
    for part in PARTS:
        for figure, fault in part(observed):
            faults[figure].append(fault)
    return Verdict.of(faults, reported=counts.reported(observed), activity=counts.activity(observed))


def _left(observed: Observed) -> Iterator[tuple[Figure, str]]:
    """What stayed behind."""
    for service in SCHEMAS:
        for row in observed.rows(service, "outbox"):
            yield Figure.OUTBOX, f"{service}: {row['type']} #{row['seq']} of {row['key']}"
        for row in observed.rows(service, "dead_letter"):
            yield Figure.DEAD_LETTERS, f"{service}: {row['topic']}/{row['partition']}@{row['offset']} {row['reason']}"
    for what in observed.unsettled:
        yield Figure.UNSETTLED, what
    for told in observed.told:
        if not told.signed:
            yield Figure.UNSIGNED, f"{told.webhook_id} of page {told.page_id}"


PARTS = (
    callers.faults,
    sequences.faults,
    routing.faults,
    clocks.faults,
    pages.faults,
    convergence.faults,
    _left,
)
