"""How many notices a channel may have in flight."""

from services.notifier.breaker import LONGEST_PAUSE, OPENS_AFTER
from services.notifier.delivery import Result
from services.notifier.lanes import COLD_AFTER, KEPT_FOR_URGENT, NARROW, WIDE, Lane


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


def test_trouble_narrows_it() -> None:
    for trouble in (Result.RETRY, Result.AMBIGUOUS, None):
        lane = Lane()
        use(lane, Result.SENT, times=100)
        use(lane, trouble, times=OPENS_AFTER - 1)
        assert lane.free(0.0) == WIDE / 4


def test_failures_in_a_row_shut_it_and_a_probe_goes_out_alone() -> None:
    lane = Lane()
    lane.begin(0.0)
    use(lane, Result.AMBIGUOUS, times=OPENS_AFTER)
    assert (lane.free(0.0), lane.shut(0.0)) == (0, True)

    assert lane.free(LONGEST_PAUSE) == 0
    lane.end(Result.AMBIGUOUS, LONGEST_PAUSE)
    later = 2 * LONGEST_PAUSE
    assert (lane.free(later), lane.free_for_low(later), lane.shut(later)) == (1, 1, True)
    lane.begin(later)
    assert lane.free(later) == 0

    lane.end(Result.SENT, later)
    assert (lane.free(later), lane.shut(later)) == (NARROW, False)


def test_what_is_not_urgent_never_fills_it() -> None:
    lane = Lane()
    assert lane.free_for_low(0.0) == NARROW - KEPT_FOR_URGENT
    for _ in range(int(NARROW) - KEPT_FOR_URGENT):
        lane.begin(0.0)
    assert (lane.free_for_low(0.0), lane.free(0.0)) == (0, KEPT_FOR_URGENT)


def test_what_did_not_leave_says_nothing() -> None:
    lane = Lane()
    use(lane, Result.SENT, times=4)
    use(lane, Result.SUPPRESSED, times=4)
    assert (lane.free(0.0), lane.shut(0.0)) == (NARROW + 1, False)


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
