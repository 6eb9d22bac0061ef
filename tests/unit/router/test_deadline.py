"""What routing takes for a case's deadline."""

from datetime import timedelta
from uuid import UUID

from services.router.deadline import KnownClock, deadline, slack, stand_in
from shared.contracts.vocabulary import ClockKind, ClockState
from tests.unit.router.people import NOW, minutes

STAND_IN = NOW + minutes(240)


def clock(
    name: str, due: float | None, state: ClockState = ClockState.RUNNING, kind: ClockKind = ClockKind.INTERNAL
) -> KnownClock:
    return KnownClock(UUID(int=1), name, kind, state, None if due is None else NOW + minutes(due))


def test_until_a_clock_is_known_the_resolve_target_stands_in() -> None:
    assert deadline([], stand_in=stand_in(NOW, timedelta(hours=4))) == STAND_IN
    assert deadline([clock("acknowledge", 5), clock("first_action", 9)], stand_in=STAND_IN) == STAND_IN
    assert stand_in(NOW, None) is None


def test_the_earliest_of_resolve_and_regulatory_clocks_counts() -> None:
    order = clock("eu.tco.art3", 60, kind=ClockKind.REGULATORY)
    assert deadline([clock("resolve", 180), order], stand_in=STAND_IN) == NOW + minutes(60)
    assert deadline([clock("resolve", 30), order], stand_in=STAND_IN) == NOW + minutes(30)


def test_what_has_ended_or_stands_still_is_no_deadline() -> None:
    ended = [clock("resolve", 30, ClockState.MET), clock("resolve", 40, ClockState.CANCELLED)]
    assert deadline([*ended, clock("resolve", None, ClockState.PAUSED)], stand_in=STAND_IN) is None


def test_a_missed_deadline_counts_until_another_runs() -> None:
    missed = clock("resolve", -30, ClockState.BREACHED)
    assert deadline([missed], stand_in=STAND_IN) == NOW - minutes(30)
    order = clock("eu.tco.art3", 60, kind=ClockKind.REGULATORY)
    assert deadline([missed, order], stand_in=STAND_IN) == NOW + minutes(60)


def test_slack_is_what_is_left_after_handling() -> None:
    assert slack(NOW + minutes(30), NOW, minutes(22)) == minutes(8)
    assert slack(NOW, NOW, minutes(22)) == minutes(-22)
    assert slack(None, NOW, minutes(22)) is None
