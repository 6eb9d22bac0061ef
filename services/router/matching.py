"""Who gets which case: the best pair over waiting cases and free specialists, again and again. Pure.

Greedy by score; ties by deadline, case id, specialist id: the same input gives the same pairs. The same
code decides in the service, in a preview and in `tocsin route-test`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.router.decision import Decision, assigned, left_waiting, waiting_outcome
from services.router.group import Floor, Group, Pair
from services.router.need import Need, Waiting
from shared.contracts.vocabulary import RoutingOutcome


@dataclass(frozen=True)
class Matched:
    """What a round decided. `complete`: no pair is left; else another round finds more at once."""

    assigned: tuple[Decision, ...]
    groups: tuple[Group, ...]
    complete: bool

    def waiting(self) -> Iterator[tuple[Group, Waiting, RoutingOutcome, str]]:
        """The cases that nobody took, with the outcome and the reason."""
        for group in self.groups:
            for case in group.cases.values():
                yield (group, case, *waiting_outcome(group, case))


def match(floor: Floor, cases: Iterable[Waiting], *, limit: int) -> Matched:
    """Decide over `cases`, at most `limit` assignments; everything decided is booked on the floor."""
    groups = _grouped(floor, cases)
    best: dict[Need, Pair | None] = {need: group.best() for need, group in groups.items()}
    decided: list[Decision] = []
    while len(decided) < limit:
        pair = min((pair for pair in best.values() if pair is not None), key=lambda pair: pair.order, default=None)
        if pair is None:
            break
        decided.append(assigned(pair))
        _book(pair, floor)
        for need, group in groups.items():
            if group is pair.group or pair.specialist in group.fitting.allowed:
                group.booked(pair.specialist)
                best[need] = group.best()
    return Matched(tuple(decided), tuple(groups.values()), complete=not any(best.values()))


def decide_one(floor: Floor, case: Waiting) -> Decision:
    """The decision for one case alone."""
    matched = match(floor, [case], limit=1)
    for decision in matched.assigned:
        return decision
    return left_waiting(matched.groups[0], case)


def _grouped(floor: Floor, cases: Iterable[Waiting]) -> dict[Need, Group]:
    groups: dict[Need, Group] = {}
    for case in cases:
        group = groups.get(case.need)
        if group is None:
            group = groups[case.need] = Group(case.need, floor)
        group.add(case)
    return groups


def _book(pair: Pair, floor: Floor) -> None:
    until = floor.now + pair.chosen.fitting.handling
    floor.standings[pair.specialist].book(pair.group.units, until)
    del pair.group.cases[pair.case.case_id]
