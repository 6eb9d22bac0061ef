"""Who gets which case: the best pair over waiting cases and free specialists, again and again. Pure.

Greedy by score; ties by deadline, case id, specialist id: the same input gives the same pairs. The same
code decides in the service, in a preview and in `tocsin route-test`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.router.decision import Decision, assigned, left_waiting, waiting_outcome
from services.router.floor import Floor
from services.router.group import Group, Pair
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
    best = {group: pair for group in groups if (pair := group.best()) is not None}
    decided: list[Decision] = []
    while best and len(decided) < limit:
        pair = min(best.values(), key=lambda pair: pair.order)
        decided.append(assigned(pair))
        _book(pair)
        for group in groups:
            if group is pair.group or group.concerns(pair.specialist):
                _renew(best, group, pair)
    return Matched(tuple(decided), groups, complete=not best)


def decide_one(floor: Floor, case: Waiting) -> Decision:
    """The decision for one case alone."""
    matched = match(floor, [case], limit=1)
    for decision in matched.assigned:
        return decision
    return left_waiting(matched.groups[0], case)


def _renew(best: dict[Group, Pair], group: Group, booked: Pair) -> None:
    """Look again for the best pair of a group, unless it is with somebody else who matches."""
    before = best.get(group)
    group.forget()
    others = before is not None and group is not booked.group and before.specialist != booked.specialist
    if before is not None and others and not group.relaxes(before):
        return
    pair = group.best()
    if pair is None:
        best.pop(group, None)
    else:
        best[group] = pair


def _grouped(floor: Floor, cases: Iterable[Waiting]) -> tuple[Group, ...]:
    groups: dict[Need, Group] = {}
    for case in cases:
        group = groups.get(case.need)
        if group is None:
            group = groups[case.need] = Group(case.need, floor)
        group.add(case)
    return tuple(groups.values())


def _book(pair: Pair) -> None:
    group = pair.group
    group.floor.book(pair.specialist, group.units, group.fitting.handling[pair.misses])
    del group.cases[pair.case.case_id]
