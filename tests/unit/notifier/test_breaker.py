"""When a channel is left alone, probed, and trusted again."""

from datetime import timedelta

import pytest

from services.notifier.breaker import FIRST_PAUSE, LONGEST_ASKED, LONGEST_PAUSE, OPENS_AFTER, Breaker, Circuit
from services.notifier.delivery import Result


def fail(breaker: Breaker, times: int = OPENS_AFTER, *, at: float = 0.0, jitter: float = 1.0) -> Breaker:
    for _ in range(times):
        breaker.end(Result.RETRY, at, jitter=jitter)
    return breaker


@pytest.mark.parametrize("failure", [Result.RETRY, Result.AMBIGUOUS])
def test_failures_in_a_row_open_it_and_not_one_less(failure: Result) -> None:
    breaker = Breaker()
    for _ in range(OPENS_AFTER):
        assert breaker.circuit(0.0) is Circuit.CLOSED
        breaker.end(failure, 0.0, jitter=0.0)
    assert breaker.circuit(0.0) is Circuit.OPEN


@pytest.mark.parametrize("answer", [Result.SENT, Result.REFUSED])
def test_an_answer_in_between_begins_the_count_again(answer: Result) -> None:
    breaker = fail(Breaker(), OPENS_AFTER - 1)
    breaker.end(answer, 0.0, jitter=0.0)
    assert fail(breaker, OPENS_AFTER - 1).circuit(0.0) is Circuit.CLOSED


@pytest.mark.parametrize("unknown", [Result.SUPPRESSED, None])
def test_what_taught_nothing_changes_nothing(unknown: Result | None) -> None:
    breaker = fail(Breaker(), OPENS_AFTER - 1)
    breaker.end(unknown, 0.0, jitter=0.0)
    assert breaker.circuit(0.0) is Circuit.CLOSED
    assert fail(breaker, 1).circuit(0.0) is Circuit.OPEN


def test_after_a_pause_it_is_half_open_until_the_probe_ends() -> None:
    breaker = fail(Breaker())
    assert breaker.circuit(FIRST_PAUSE - 0.01) is Circuit.OPEN
    assert breaker.circuit(FIRST_PAUSE) is Circuit.HALF_OPEN
    assert breaker.circuit(1000.0) is Circuit.HALF_OPEN

    breaker.end(Result.SENT, 1000.0, jitter=0.0)
    assert breaker.circuit(1000.0) is Circuit.CLOSED


def test_a_probe_that_fails_opens_it_at_once_for_twice_as_long_up_to_a_limit() -> None:
    breaker, at, pauses = fail(Breaker()), 0.0, []
    for _ in range(12):
        assert breaker.probe_at is not None
        pauses.append(breaker.probe_at - at)
        at = breaker.probe_at
        fail(breaker, 1, at=at)
    assert pauses[:4] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4, FIRST_PAUSE * 8]
    assert pauses[-1] == LONGEST_PAUSE


def test_pauses_are_spread_so_that_instances_do_not_probe_together() -> None:
    early, late = fail(Breaker(), jitter=0.0), fail(Breaker(), jitter=1.0)
    assert (early.probe_at, late.probe_at) == (FIRST_PAUSE / 2, FIRST_PAUSE)


def test_once_closed_the_next_pause_is_short_again() -> None:
    breaker = fail(Breaker(), OPENS_AFTER + 8, at=0.0)
    for at in (100.0, 200.0, 300.0):
        fail(breaker, 1, at=at)
    breaker.end(Result.SENT, 400.0, jitter=0.0)
    assert fail(breaker, at=500.0).probe_at == 500.0 + FIRST_PAUSE


def test_failures_of_what_left_before_it_opened_do_not_keep_it_open_longer() -> None:
    breaker = fail(Breaker())
    fail(breaker, 20, at=0.1)
    assert breaker.probe_at == FIRST_PAUSE


def test_a_success_of_what_left_before_it_opened_closes_it() -> None:
    breaker = fail(Breaker())
    breaker.end(Result.SENT, 0.1, jitter=0.0)
    assert breaker.circuit(0.1) is Circuit.CLOSED


@pytest.mark.parametrize(("asked", "pause"), [(7.0, 7.0), (0.1, FIRST_PAUSE), (86_400.0, LONGEST_ASKED)])
def test_a_provider_that_says_when_is_asked_then_within_reason(asked: float, pause: float) -> None:
    breaker = fail(Breaker(), OPENS_AFTER - 1)
    breaker.end(Result.RETRY, 0.0, jitter=1.0, retry_after=timedelta(seconds=asked))
    assert breaker.probe_at == pause
