"""The one resolver: rendering a span of a schedule, and asking it for an instant, which is the same thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifier.oncall import layers, overrides
from services.notifier.oncall.layers import Layer
from services.notifier.oncall.local_time import FAR
from services.notifier.oncall.overrides import Override
from services.notifier.oncall.spans import Cell, Span, merge, overlay

INSTANT = timedelta(microseconds=1)
_LOOK_AHEAD = tuple(timedelta(days=days) for days in (2, 16, 128, 800))
"""How far the end of a shift and the next one are looked for, in growing steps."""


@dataclass(frozen=True)
class Plan:
    """A schedule, ready to be asked: later layers win where they cover, overrides in order of creation."""

    layers: tuple[Layer, ...]
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True)
class Shift:
    """`responder` is on call in [start, end) because `source`, a layer or override, says so."""

    start: datetime
    end: datetime
    responder: str
    source: str


@dataclass(frozen=True)
class OnCall:
    """Who is on call at one instant: nobody in a gap, whose source is the layer with the empty place if any.

    `until` ends this shift or gap; `upcoming` is the shift that follows. Both are None when nothing changes
    within the two years that are looked at.
    """

    responder: str | None
    source: str | None
    until: datetime | None = None
    upcoming: Shift | None = None


def render(plan: Plan, start: datetime, end: datetime) -> list[Shift]:
    """The shifts of [start, end), clipped to it; adjacent ones of one responder and source are one."""
    return _shifts(_cells(plan, start, end))


def gaps(shifts: Sequence[Shift], start: datetime, end: datetime) -> list[Span]:
    """Where nobody is on call in [start, end)."""
    edges = [start, *(edge for shift in shifts for edge in (shift.start, shift.end)), end]
    return [Span(*pair) for pair in zip(edges[::2], edges[1::2], strict=True) if pair[0] < pair[1]]


def coverage_percent(shifts: Sequence[Shift], start: datetime, end: datetime) -> float:
    """The covered share of [start, end), 0 to 100; 100 only when nothing is uncovered."""
    covered = sum((shift.end - shift.start for shift in shifts), timedelta(0))
    return 100.0 * (covered / (end - start))


def on_call_now(plan: Plan, at: datetime) -> OnCall:
    """Who is on call at `at`, without looking ahead."""
    cells = _cells(plan, at, at + INSTANT)
    return OnCall(cells[0].responder, cells[0].source) if cells else OnCall(None, None)


def on_call(plan: Plan, at: datetime) -> OnCall:
    """Who is on call at `at`, until when, and who comes next."""
    now = on_call_now(plan, at)
    until: datetime | None = None
    upcoming: Shift | None = None
    for step in _LOOK_AHEAD:
        horizon = min(at + step, FAR)
        shifts = render(plan, at, horizon)
        current = shifts[0] if now.responder is not None else None
        following = shifts[1:] if current else shifts
        upcoming = following[0] if following else None
        until = current.end if current else upcoming.start if upcoming else None
        if upcoming is not None:
            break
    return OnCall(now.responder, now.source, None if until == min(at + _LOOK_AHEAD[-1], FAR) else until, upcoming)


def _cells(plan: Plan, start: datetime, end: datetime) -> list[Cell]:
    """Every place of [start, end), empty ones too, that a layer or override speaks of."""
    layered: list[Cell] = []
    for layer in plan.layers:
        layered = overlay(layered, list(layers.cells(layer, start, end)))
    return merge(overrides.apply(layered, plan.overrides, start, end))


def _shifts(cells: Sequence[Cell]) -> list[Shift]:
    return [Shift(c.start, c.end, c.responder, c.source) for c in cells if c.responder is not None]
