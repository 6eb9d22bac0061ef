"""A key that goes too fast waits in the outbox, in order, while others pass."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from shared.bus.throttle import BURST, MANY, RATE, WORTH_A_READ, Throttle


@dataclass(frozen=True)
class Row:
    id: int
    key: str


def rows(key: str, first: int, number: int) -> list[Row]:
    return [Row(first + place, key) for place in range(number)]


def test_a_key_goes_as_fast_as_it_likes_up_to_its_burst() -> None:
    throttle = Throttle()
    assert throttle.admit(rows("hot", 1, int(BURST)), 0.0) == rows("hot", 1, int(BURST))
    assert throttle.held == {}


def test_beyond_it_the_rest_is_held_and_other_keys_pass() -> None:
    throttle = Throttle()
    outbox = [*rows("hot", 1, 500), *rows("cool", 501, 1)]
    assert throttle.admit(outbox, 0.0) == [*rows("hot", 1, int(BURST)), Row(501, "cool")]
    assert throttle.held == {"hot": int(BURST)}
    assert throttle.turn(0.0) is None


def test_a_held_key_goes_on_at_its_rate_from_where_it_stands_and_is_let_go_when_nothing_is_left() -> None:
    throttle = Throttle()
    throttle.admit(rows("hot", 1, 350), 0.0)
    pause = WORTH_A_READ / RATE
    turn = throttle.turn(pause)
    assert turn is not None
    assert (turn.key, turn.beyond, turn.limit) == ("hot", 300, int(WORTH_A_READ))
    assert throttle.serve(turn, rows("hot", 301, 20), pause) == rows("hot", 301, 20)
    assert throttle.held == {"hot": 320}

    again = throttle.turn(1.0)
    assert again is not None
    assert throttle.serve(again, rows("hot", 321, 30), 1.0) == rows("hot", 321, 30)
    assert throttle.held == {}


def test_held_keys_take_turns_so_that_the_longest_backlog_holds_up_no_other() -> None:
    throttle = Throttle()
    waiting = {"a": rows("a", 1, 10_000), "b": rows("b", 10_001, 500)}
    throttle.admit([*waiting["a"], *waiting["b"]], 0.0)
    sent = dict.fromkeys(waiting, int(BURST))
    now = 0.0
    while sent["b"] < len(waiting["b"]):
        now += 2 * WORTH_A_READ / RATE
        assert now < 5, "b waits for a"
        turn = throttle.turn(now)
        assert turn is not None
        found = [row for row in waiting[turn.key] if row.id > turn.beyond][: turn.limit]
        sent[turn.key] += len(throttle.serve(turn, found, now))
    assert set(throttle.held) == {"a"}
    assert sent["a"] > int(BURST)


def test_released_keys_have_spent_their_tokens_all_the_same() -> None:
    throttle = Throttle()
    throttle.admit(rows("hot", 1, 500), 0.0)
    throttle.release()
    assert throttle.admit(rows("hot", 301, 200), 0.0) == []


def test_buckets_that_are_full_again_are_forgotten() -> None:
    throttle = Throttle()
    throttle.admit([Row(number, f"case-{number}") for number in range(MANY + 1)], 0.0)
    throttle.admit([Row(MANY + 2, "new")], 60.0)
    assert len(throttle._buckets) == 1


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 700)), max_size=6), st.integers(1, 20))
def test_every_row_goes_once_and_in_the_order_of_its_key(bursts: list[tuple[str, int]], batch: int) -> None:
    outbox: list[Row] = []
    for key, number in bursts:
        outbox += rows(key, len(outbox) + 1, number)
    throttle, sent, now = Throttle(), [], 0.0
    waiting = list(outbox)
    while waiting:
        now += 0.1
        fresh = throttle.admit([row for row in waiting if row.key not in throttle.held][: batch * 50], now)
        turn = throttle.turn(now)
        again = []
        if turn is not None:
            found = [row for row in waiting if row.key == turn.key and row.id > turn.beyond][: turn.limit]
            again = throttle.serve(turn, found, now)
        sent += [*again, *fresh]
        gone = {row.id for row in (*again, *fresh)}
        assert len(gone) == len(again) + len(fresh)
        waiting = [row for row in waiting if row.id not in gone]
    for key in "ab":
        assert [row for row in sent if row.key == key] == [row for row in outbox if row.key == key]
