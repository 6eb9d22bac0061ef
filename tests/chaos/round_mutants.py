"""Mutations that a real round must show: each takes every defence of one promise away, and a figure must rise.

`python -m tests.chaos.round_mutants [part of a name …]` plays a round under each in a copy of the tree; exit status 1
when a figure stayed zero.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.mutants import Mutant
from tests.chaos.mutate import copied_tree, mutated
from tests.chaos.verdict import Figure

LIMIT = 600
"""Seconds for the rounds of one mutation."""


@dataclass(frozen=True)
class RoundMutant:
    """`edits` are (path, what stands once in it, what it becomes); in rounds of `act` the `figure` must then rise."""

    name: str
    figure: Figure
    act: str
    edits: tuple[tuple[str, str, str], ...]

    def applied(self, tree: Path) -> None:
        """Change the sources below `tree`."""
        for path, old, new in self.edits:
            text = (tree / path).read_text(encoding="utf-8")
            (tree / path).write_text(mutated(Mutant(self.name, path, old, new, ""), text), encoding="utf-8")


_BOOKED = ("services/router/store/specialists.py", "AND s.load + wanted.units <= wanted.capacity", "")

ROUND_MUTANTS = (
    RoundMutant(
        "no capacity is compared anywhere",
        Figure.CAPACITY,
        "restart router",
        (
            _BOOKED,
            ("services/router/eligibility.py", "if standing.load + units > capacity:", "if False:"),
            (
                "services/router/floor.py",
                "return on_duty and how.load + units <= self.rules.by_id[name].capacity",
                "return on_duty",
            ),
        ),
    ),
    RoundMutant(
        "an acknowledgement stops nothing that is queued",
        Figure.AFTER_ACK,
        "kill router",
        (
            ("services/notifier/delivery.py", "if attempt.type in CALLS and not page.unacknowledged:", "if False:"),
            (
                "services/notifier/desk.py",
                'delivery.suppress(attempt, f"the page is {page.state.value}") for attempt in queued)',
                "attempt for attempt in queued)",
            ),
        ),
    ),
)


def main(parts: list[str]) -> int:
    """Play those whose name holds one of `parts`, or all; 1 when a figure stayed zero."""
    chosen = [mutant for mutant in ROUND_MUTANTS if not parts or any(part in mutant.name for part in parts)]
    risen = [shown(mutant) for mutant in chosen]
    return int(not all(risen))


def shown(mutant: RoundMutant) -> bool:
    """Whether the figure rose; says so."""
    with copied_tree() as tree:
        mutant.applied(tree)
        command = [sys.executable, "-m", "tests.chaos", "--rounds", "2", "--acts", mutant.act]
        subprocess.run(command, cwd=tree, capture_output=True, timeout=LIMIT, check=False)
        together = json.loads((tree / "chaos.json").read_text(encoding="utf-8"))[-1]
    count = together["faults"][mutant.figure.value]
    print(f"{'shown' if count else 'NOT SHOWN':10} {mutant.name}: {mutant.figure.value} {count}", flush=True)  # noqa: T201
    return bool(count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
