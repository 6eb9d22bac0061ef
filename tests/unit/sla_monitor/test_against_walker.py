"""The calculator against the walker: thousands of random definitions around every odd change of the clocks.

`TOCSIN_DEFINITIONS=100000 TOCSIN_SEED=7` in the environment draws more, or others.
"""

import os
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import pytest

from services.sla_monitor.clock import Timing, elapsed, instants_of
from services.sla_monitor.spans import Span
from tests.unit.sla_monitor.drawing import SCENES, Drawn, definitions
from tests.unit.sla_monitor.walker import HALF, HALVES, Scene, reached, without

COUNT = int(os.environ.get("TOCSIN_DEFINITIONS", "5200"))
SEED = int(os.environ.get("TOCSIN_SEED", "2026"))


@pytest.mark.parametrize(("zone", "first"), SCENES)
def test_the_calculator_finds_what_the_walker_finds(zone: str, first: date) -> None:
    scene = Scene(zone, first)
    end = scene.at(HALVES)

    for drawn in definitions(scene, -(-COUNT // len(SCENES)), SEED):
        open_halves = scene.open_halves(drawn.week)
        running = without(open_halves, drawn.start, drawn.pauses)
        timing = drawn.timing

        assert marked(scene, timing.calendar.open_spans(Span(scene.beginning, end))) == open_halves, drawn
        for amount, found in zip(amounts := (drawn.part, drawn.target), dues(timing, *amounts), strict=True):
            walked = reached(running, amount)
            assert found == scene.at(walked) if walked is not None else found is None or found > end, drawn
        spent = running.count(1, 0, max(drawn.now, drawn.start))
        assert elapsed(timing, scene.at(drawn.now)) == spent * HALF, drawn
        check_inverse(timing, drawn)
        check_split(timing, drawn)


def dues(timing: Timing, *amounts: int) -> list[datetime | None]:
    """When so many half seconds have elapsed."""
    return instants_of(timing, [amount * HALF for amount in amounts])


def marked(scene: Scene, spans: Iterable[Span]) -> bytearray:
    """A flag for each half second in the spans, which must be apart and in order."""
    halves, last = bytearray(HALVES), -1
    for span in spans:
        begin, end = (int((edge - scene.beginning) / HALF) for edge in (span.start, span.end))
        assert last < begin < end
        halves[begin:end] = b"\1" * (end - begin)
        last = end
    return halves


def check_inverse(timing: Timing, drawn: Drawn) -> None:
    """At due the whole target has elapsed, and at no instant before it."""
    [due] = instants_of(timing, [timing.target])
    if due is not None:
        assert elapsed(timing, due) == timing.target, drawn
        assert elapsed(timing, due - timedelta(microseconds=1)) < timing.target, drawn


def check_split(timing: Timing, drawn: Drawn) -> None:
    """Stopped at any instant and gone on with what is left, a clock is due at the same."""
    at = max(drawn.scene.at(drawn.now), timing.start)
    left = timing.target - elapsed(timing, at)
    if left > timedelta(0):
        rest = Timing(at, left, timing.calendar, timing.pauses)
        whole = instants_of(timing, [timing.target])[0]
        again = instants_of(rest, [left])[0]
        assert again == whole, drawn
