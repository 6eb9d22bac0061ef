"""How many notices a channel may have in flight."""

from services.notifier.delivery import Result
from services.notifier.lanes import COLD_AFTER, NARROW, WIDE, Lane


def use(lane: Lane, result: Result | None, times: int = 1, at: float = 0.0) -> None:
    for _ in range(times):
        lane.begin(at)
        lane.end(result, at)


def test_it_begins_narrow_and_fills() -> None:
    lane = Lane()
    for _ in range(int(NARROW)):
        assert lane.free(0.0) > 0
        lane.begin(0.0)
    assert lane.free(0.0) == 0


def test_success_widens_it_up_to_a_limit() -> None:
    lane = Lane()
    use(lane, Result.SENT, times=4)
    assert lane.free(0.0) == NARROW + 1
    use(lane, Result.SENT, times=100)
    assert lane.free(0.0) == WIDE


def test_trouble_narrows_it_but_never_shuts_it() -> None:
    for trouble in (Result.RETRY, Result.AMBIGUOUS, None):
        lane = Lane()
        use(lane, Result.SENT, times=100)
        use(lane, trouble, times=10)
        assert lane.free(0.0) == NARROW


def test_a_refusal_says_nothing_about_the_pace() -> None:
    lane = Lane()
    use(lane, Result.SENT, times=4)
    use(lane, Result.REFUSED, times=4)
    assert lane.free(0.0) == NARROW + 1


def test_after_a_while_without_use_it_begins_narrow_again() -> None:
    lane = Lane()
    use(lane, Result.SENT, times=100)
    assert lane.free(COLD_AFTER) == WIDE
    assert lane.free(COLD_AFTER + 1) == NARROW
