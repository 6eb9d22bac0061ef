"""A second, slow opinion on who is on call: walk every step of the grid on which all edges lie, and look.

Nothing here is shared with the resolver: local times are found by searching a table of instants.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

from services.notifier.oncall.layers import Layer
from services.notifier.oncall.overrides import Override
from services.notifier.oncall.resolver import Plan
from shared.config.schedules import RotationUnit as Unit


@dataclass(frozen=True)
class Walker:
    """Knows every instant of [start, end) in steps of `step`, as UTC and as wall time."""

    plan: Plan
    start: datetime
    end: datetime
    step: timedelta

    @cached_property
    def instants(self) -> list[datetime]:
        return [self.start + n * self.step for n in range((self.end - self.start) // self.step)]

    def on_call(self) -> dict[datetime, tuple[str, str] | None]:
        """Responder and source at each instant."""
        layered: list[tuple[str | None, str] | None] = [None] * len(self.instants)
        for layer in self.plan.layers:
            for n, place in enumerate(_Layered(layer, self.instants).places()):
                if place is not None and (place[0] is not None or not layer.fallthrough):
                    layered[n] = place
        return {at: self._overridden(at, place) for at, place in zip(self.instants, layered, strict=True)}

    def _overridden(self, at: datetime, place: tuple[str | None, str] | None) -> tuple[str, str] | None:
        for override in reversed(self.plan.overrides):
            if override.start <= at < override.end and _takes(override, place):
                return override.responder, override.id
        return None if place is None or place[0] is None else (place[0], place[1])


def _takes(override: Override, place: tuple[str | None, str] | None) -> bool:
    return override.replaces is None or (place is not None and place[0] == override.replaces)


class _Layered:
    def __init__(self, layer: Layer, instants: list[datetime]) -> None:
        self.layer = layer
        self.instants = instants
        self.walls = [at.astimezone(layer.rotation.zone).replace(tzinfo=None) for at in instants]
        self.first_reached = _running_max(self.walls)
        self.last_passed = _running_min_from_right(self.walls)
        self.last_shown = {wall: n for n, wall in enumerate(self.walls)}

    def places(self) -> list[tuple[str | None, str] | None]:
        covered = self._covered()
        result: list[tuple[str | None, str] | None] = [None] * len(self.instants)
        place = 0
        for first, last in self._turns():
            held = [n for n in range(first, last) if covered[n]]
            responder = self.layer.responders[place % len(self.layer.responders)]
            for n in held:
                result[n] = (responder, self.layer.id)
            if held or not self.layer.active_only:
                place += 1
        return result

    def _turns(self) -> list[tuple[int, int]]:
        """Index of the first instant of each turn and of the one after it; the anchor lies in the table."""
        edges = []
        for k in range(100_000):
            wall = _step(self.layer, k)
            edges.append(self._starts(wall))
            if wall > self.walls[-1] + timedelta(days=2):
                break
        return list(pairwise(edges))

    def _covered(self) -> list[bool]:
        layer = self.layer
        covered = [not layer.windows] * len(self.instants)
        day = self.walls[0].replace(hour=0, minute=0) - timedelta(days=3)
        while layer.windows and day < self.walls[-1] + timedelta(days=3):
            for window in layer.windows:
                if window.weekday == day.weekday():
                    for n in range(self._starts(day + window.open), self._ends(day + window.close)):
                        covered[n] = True
            day += timedelta(days=1)
        return [
            inside and (layer.start is None or layer.start <= at) and (layer.end is None or at < layer.end)
            for inside, at in zip(covered, self.instants, strict=True)
        ]

    def _starts(self, wall: datetime) -> int:
        """The first instant at which the wall clock has reached `wall`."""
        return bisect_left(self.first_reached, wall)

    def _ends(self, wall: datetime) -> int:
        """The last instant that shows `wall`; without one, that after which the clock never again is before it."""
        shown = self.last_shown.get(wall)
        return bisect_left(self.last_passed, wall) if shown is None else shown


def _running_max(walls: list[datetime]) -> list[datetime]:
    result = [walls[0]]
    for wall in walls[1:]:
        result.append(max(wall, result[-1]))
    return result


def _running_min_from_right(walls: list[datetime]) -> list[datetime]:
    result = [walls[-1]]
    for wall in reversed(walls[:-1]):
        result.append(min(wall, result[-1]))
    return result[::-1]


def _step(layer: Layer, k: int) -> datetime:
    rotation = layer.rotation
    n = k * rotation.length
    if rotation.unit is not Unit.MONTH:
        return rotation.anchor + timedelta(**{f"{rotation.unit}s": n})
    year, month = rotation.anchor.year, rotation.anchor.month
    for _ in range(n):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    day = rotation.anchor.day
    while True:
        try:
            return rotation.anchor.replace(year=year, month=month, day=day)
        except ValueError:
            day -= 1
