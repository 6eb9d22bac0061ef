"""Rendering a schedule for an answer, within bounds that keep the service responsive."""

import asyncio
from datetime import UTC, datetime, timedelta

from services.notifier.api.shapes import PreviewAnswer, ShiftView, SpanView
from services.notifier.oncall.resolver import OnCall, Plan, coverage_percent, gaps, on_call, render
from services.notifier.oncall.rotation import UNIT_LENGTH
from shared.config.schedules import Schedule
from shared.http.problems import Location, Problem, unprocessable

LONGEST = timedelta(days=731)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
MOST_TURNS = 100_000
"""Turns and windows to be looked at for one answer; above that a shorter span has to be asked for."""


def check_span(start: datetime, end: datetime, place: str) -> None:
    """422 for what is no span, is longer than two years, or lies outside 1970 to 2200."""
    if end <= start:
        raise unprocessable((place, "end"), "end must lie after start")
    if end - start > LONGEST:
        raise unprocessable((place, "end"), "at most two years can be asked for at once; choose an earlier end")
    check_instant(start, (place, "start"))
    check_instant(end, (place, "end"))


def check_instant(at: datetime, loc: Location) -> None:
    """422 outside 1970 to 2200."""
    if not EARLIEST <= at <= LATEST:
        raise unprocessable(loc, "the time must lie between 1970 and 2200")


def check_effort(schedule: Schedule, length: timedelta) -> None:
    """422 when a schedule has too many turns and windows in a span, or begins before 1970."""
    for index, layer in enumerate(schedule.layers):
        if layer.rotation.anchor.year < EARLIEST.year or layer.rotation.anchor.year > LATEST.year:
            raise _unfit(index, "the anchor must lie between 1970 and 2200")
    if sum(_effort(schedule, index, length) for index in range(len(schedule.layers))) > MOST_TURNS:
        raise unprocessable(("body", "end"), "so many turns and windows are too much at once; choose an earlier end")


async def rendered(plan: Plan, start: datetime, end: datetime) -> PreviewAnswer:
    """Shifts, coverage and gaps of [start, end)."""
    shifts = await asyncio.to_thread(render, plan, start, end)
    return PreviewAnswer(
        shifts=tuple(ShiftView.model_validate(shift) for shift in shifts),
        coverage_percent=coverage_percent(shifts, start, end),
        gaps=tuple(SpanView.model_validate(gap) for gap in gaps(shifts, start, end)),
    )


async def asked(plan: Plan, at: datetime) -> OnCall:
    """Who is on call at `at`, until when, and who comes next."""
    return await asyncio.to_thread(on_call, plan, at)


def _effort(schedule: Schedule, index: int, length: timedelta) -> float:
    layer = schedule.layers[index]
    unit = UNIT_LENGTH.get(layer.rotation.unit, timedelta(days=28))
    windows = sum(len(window.days) for window in layer.restrict or ()) * (length / timedelta(weeks=1))
    return length / (unit * layer.rotation.length) + windows


def _unfit(index: int, why: str) -> Problem:
    return unprocessable(("body", "schedule", "layers", index, "rotation", "anchor"), why)
