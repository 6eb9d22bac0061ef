"""What may be deleted after a batch: per key only what was acknowledged with everything before it."""

from shared.bus.sending import Pending, acknowledged_prefixes


def rows(*keys: str) -> list[Pending]:
    return [Pending(number, "tocsin.cases", key, [], b"") for number, key in enumerate(keys, start=1)]


def test_all_acknowledged_is_all_deleted() -> None:
    assert acknowledged_prefixes(rows("a", "b", "a"), [True, True, True]) == [1, 2, 3]


def test_what_follows_a_failure_on_its_key_stays_even_if_it_was_acknowledged() -> None:
    assert acknowledged_prefixes(rows("a", "b", "a", "b"), [False, True, True, True]) == [2, 4]


def test_what_was_never_handed_over_stays() -> None:
    assert acknowledged_prefixes(rows("a", "a", "b"), [True]) == [1]


def test_the_same_key_in_another_topic_is_another_key() -> None:
    pending = [Pending(1, "tocsin.cases", "a", [], b""), Pending(2, "tocsin.dead-letters", "a", [], b"")]
    assert acknowledged_prefixes(pending, [False, True]) == [2]
