"""One layer of a schedule: its turns, where it covers, and who has which part of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import gcd

from services.notifier.oncall.local_time import FAR, transitions
from services.notifier.oncall.rotation import UNIT_LENGTH, Rotation, turn_at, turn_start, wall_turn
from services.notifier.oncall.spans import Cell, Span
from services.notifier.oncall.windows import WEEK, Window, open_spans
from shared.config.schedules import RotationUnit as Unit

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Layer:
    """`responders` take turns in order, None keeps a place empty. Without `windows` it covers all day.

    With `active_only` turns without any covered time use up nobody. With `fallthrough` an empty place shows
    the layer below instead of being a gap. It covers nothing outside [start, end), nor before the anchor.
    """

    id: str
    rotation: Rotation
    responders: tuple[str | None, ...]
    windows: tuple[Window, ...] = ()
    active_only: bool = False
    fallthrough: bool = False
    start: datetime | None = None
    end: datetime | None = None


def cells(layer: Layer, start: datetime, end: datetime) -> Iterator[Cell]:
    """Who has what of [start, end), in order; places that fall through are left out."""
    counted: tuple[int, int] | None = None
    for turn, span in _parts(layer, start, end):
        if counted is None:
            counted = turn, active_before(layer, turn) if layer.active_only else turn
        elif turn != counted[0]:
            counted = turn, counted[1] + 1 if layer.active_only else turn
        responder = layer.responders[counted[1] % len(layer.responders)]
        if responder is not None or not layer.fallthrough:
            yield Cell(span.start, span.end, responder, layer.id)


def active_before(layer: Layer, turn: int) -> int:
    """How many turns before `turn` have covered time.

    On the wall clock the turns repeat every week or few, so they are counted by periods; only the turns that
    touch a change of offset are looked at one by one.
    """
    first = 0 if layer.start is None else turn_at(layer.rotation, layer.start) or 0
    if turn <= first:
        return 0
    later = range(first + 1, turn)
    pattern = _weekly_pattern(layer)
    count = int(_has_cover(layer, first)) + _count(pattern, later.stop) - _count(pattern, later.start)
    for k in _touched(layer.rotation, later):
        count += int(_has_cover(layer, k)) - int(pattern[k % len(pattern)])
    return count


def _parts(layer: Layer, start: datetime, end: datetime) -> Iterator[tuple[int, Span]]:
    """The covered spans within [start, end), each cut at handoffs and named by its turn."""
    for span in _covered(layer, max(start, turn_start(layer.rotation, 0)), end):
        at = span.start
        turn = turn_at(layer.rotation, at)
        while turn is not None and at < span.end:
            until = min(turn_start(layer.rotation, turn + 1), span.end)
            if at < until:
                yield turn, Span(at, until)
            at, turn = until, turn + 1


def _covered(layer: Layer, start: datetime, end: datetime) -> list[Span]:
    start, end = max(start, layer.start or start), min(end, layer.end or end)
    if start >= end:
        return []
    return open_spans(layer.windows, layer.rotation.zone, start, end) if layer.windows else [Span(start, end)]


def _has_cover(layer: Layer, turn: int) -> bool:
    return bool(_covered(layer, turn_start(layer.rotation, turn), turn_start(layer.rotation, turn + 1)))


def _weekly_pattern(layer: Layer) -> list[bool]:
    """Whether turn k has covered time on the wall clock, for one period of k."""
    if layer.rotation.unit is Unit.MONTH or not layer.windows:
        return [True]
    length = layer.rotation.length * UNIT_LENGTH[layer.rotation.unit]
    hours, week = length // timedelta(hours=1), WEEK // timedelta(hours=1)
    monday = datetime(1970, 1, 5)  # noqa: DTZ001 - wall time
    first = (layer.rotation.anchor - monday) % WEEK
    return [_opens(layer.windows, (first + k * length) % WEEK, length) for k in range(week // gcd(hours, week))]


def _opens(windows: tuple[Window, ...], start: timedelta, length: timedelta) -> bool:
    """Whether a window is open within `length` from `start`, a time of the week."""
    return length >= WEEK or any(
        opens + lap < start + length and start < closes + lap
        for opens, closes in (window.in_week for window in windows)
        for lap in (-WEEK, timedelta(0), WEEK)
    )


def _count(pattern: list[bool], turns: int) -> int:
    """How many of the first `turns` turns are active on the wall clock."""
    periods, rest = divmod(turns, len(pattern))
    return periods * sum(pattern) + sum(pattern[:rest])


def _touched(rotation: Rotation, turns: range) -> set[int]:
    """The turns among `turns` that touch wall time which a change of offset skips or repeats."""
    if not turns:
        return set()
    found: set[int] = set()
    start, end = turn_start(rotation, turns.start), turn_start(rotation, turns.stop)
    for low, high in transitions(rotation.zone, start - timedelta(days=2), min(end + timedelta(days=2), FAR)):
        first, last = wall_turn(rotation, low - MICROSECOND), wall_turn(rotation, high)
        found.update(range(max(first, turns.start), min(last + 1, turns.stop)))
    return found
