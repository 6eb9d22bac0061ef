"""Facts are kept by their sender's count, whatever order they came in."""

from itertools import permutations

from services.sla_monitor.facts import Action, Facts, Pending, with_action, with_pending
from tests.unit.sla_monitor.tale import minutes


def test_facts_in_any_order_are_the_same_facts() -> None:
    pendings = [Pending(seq, minutes(seq), ("translation",) if seq % 2 else ()) for seq in (1, 2, 3)]
    found = set()
    for order in permutations(pendings):
        facts = Facts()
        for pending in order:
            facts = with_pending(facts, pending)
        found.add(facts)

    assert found == {Facts(pendings=tuple(pendings))}


def test_a_fact_that_is_known_is_not_kept_twice() -> None:
    action = Action(4, minutes(4), "remove")
    once = with_action(Facts(), action)

    assert with_action(once, action) == once
