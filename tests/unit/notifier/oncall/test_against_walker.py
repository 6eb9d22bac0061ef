"""The closed form against the walker, over thousands of random definitions around changes of offset."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.oncall.layers import Layer
from services.notifier.oncall.overrides import Override
from services.notifier.oncall.resolver import Plan, on_call, on_call_now, render
from services.notifier.oncall.rotation import Rotation
from services.notifier.oncall.windows import Window
from shared.config.schedules import RotationUnit as Unit
from tests.unit.notifier.oncall.walker import Walker

GRID = timedelta(minutes=15)
DAY = timedelta(days=1)
CHANGES = [
    ("Europe/Berlin", datetime.fromisoformat("2026-03-29")),
    ("Europe/Berlin", datetime.fromisoformat("2026-10-25")),
    ("America/New_York", datetime.fromisoformat("2026-03-08")),
    ("America/New_York", datetime.fromisoformat("2026-11-01")),
    ("Australia/Lord_Howe", datetime.fromisoformat("2026-04-05")),
    ("Australia/Lord_Howe", datetime.fromisoformat("2026-10-04")),
    ("Africa/Cairo", datetime.fromisoformat("2026-04-24")),
    ("Asia/Kathmandu", datetime.fromisoformat("2026-01-31")),
    ("Pacific/Apia", datetime.fromisoformat("2011-12-30")),
]
PEOPLE = ["ana", "ben", "chika", "dara"]

quarters = (st.integers(0, 95) | st.integers(4, 14)).map(lambda n: n * GRID)
"""Half of them in the small hours, where changes of offset are."""

lengths = (st.integers(1, 96) | st.integers(1, 6)).map(lambda n: n * GRID)
near = st.integers(-40 * 96, 12 * 96).map(lambda n: n * GRID)


@st.composite
def windows(draw: st.DrawFn, change: datetime) -> tuple[Window, ...]:
    found = []
    for _ in range(draw(st.integers(1, 3))):
        opens = draw(quarters)
        length = draw(lengths)
        days = draw(st.sets(st.integers(0, 6), min_size=1) | st.just({change.weekday()}))
        found += [Window(day, opens, opens + length) for day in days]
    return tuple(found)


@st.composite
def layers(draw: st.DrawFn, name: str, zone: ZoneInfo, change: datetime) -> Layer:
    unit = draw(st.sampled_from(list(Unit)))
    longest = {Unit.HOUR: 30, Unit.DAY: 9, Unit.WEEK: 3, Unit.MONTH: 2}[unit]
    length = draw(st.just(1) | st.integers(1, longest))
    bounds = sorted(draw(st.lists(near, min_size=2, max_size=2, unique=True)))
    begin, end = (change.replace(tzinfo=UTC) + offset for offset in bounds)
    return Layer(
        id=name,
        rotation=Rotation(unit, length, change + draw(near), zone),
        responders=tuple(draw(st.lists(st.sampled_from([*PEOPLE, None]), min_size=1, max_size=4))),
        windows=draw(st.just(()) | windows(change) | windows(change)),
        active_only=draw(st.booleans()),
        fallthrough=draw(st.booleans()),
        start=draw(st.sampled_from([None, None, begin])),
        end=draw(st.sampled_from([None, None, end])),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Plan, datetime]:
    name, change = draw(st.sampled_from(CHANGES))
    zone = ZoneInfo(name)
    stack = [draw(layers(f"layer-{n}", zone, change)) for n in range(draw(st.integers(1, 3)))]
    overrides = []
    for n in range(draw(st.integers(0, 4))):
        start = change.replace(tzinfo=UTC) + draw(st.integers(-5 * 96, 5 * 96)) * GRID
        length = draw(st.integers(1, 3 * 96)) * GRID
        replaces = draw(st.sampled_from([None, *PEOPLE]))
        overrides.append(Override(f"o{n}", draw(st.sampled_from(PEOPLE)), start, start + length, replaces))
    return Plan(tuple(stack), tuple(overrides)), change.replace(tzinfo=UTC)


@given(cases())
@settings(max_examples=1000, deadline=None)
def test_rendering_is_what_a_walk_over_every_instant_finds(case: tuple[Plan, datetime]) -> None:
    plan, change = case
    walked = Walker(plan, change - 45 * DAY, change + 14 * DAY, GRID).on_call()
    start, end = change - 4 * DAY, change + 9 * DAY

    shifts = render(plan, start, end)

    rendered = {at: None for at in walked if start <= at < end}
    for shift in shifts:
        at = shift.start
        while at < shift.end:
            rendered[at] = (shift.responder, shift.source)
            at += GRID
    assert rendered == {at: who for at, who in walked.items() if start <= at < end}


@given(cases(), st.integers(-4 * 96, 6 * 96))
@settings(max_examples=200, deadline=None)
def test_asking_for_one_instant_equals_rendering_and_looking(case: tuple[Plan, datetime], quarter: int) -> None:
    plan, change = case
    at = change + quarter * GRID
    shifts = render(plan, at - 3 * DAY, at + 40 * DAY)
    current = next((shift for shift in shifts if shift.start <= at < shift.end), None)
    later = next((shift for shift in shifts if shift.start > at), None)

    answer = on_call(plan, at)

    assert answer.responder == (current.responder if current else None)
    assert answer.responder == on_call_now(plan, at).responder
    if current:
        assert (answer.source, answer.until) == (current.source, current.end) or current.end == at + 40 * DAY
    if later:
        assert answer.upcoming is not None
        assert (answer.upcoming.responder, answer.upcoming.start) == (later.responder, later.start)


@given(cases(), st.integers(1, 12 * 96))
@settings(max_examples=200, deadline=None)
def test_rendering_in_two_parts_equals_rendering_at_once(case: tuple[Plan, datetime], cut: int) -> None:
    plan, change = case
    start, end = change - 4 * DAY, change + 9 * DAY
    middle = start + cut * GRID

    def at_quarters(parts: list[list]) -> dict[datetime, tuple[str, str]]:
        return {
            shift.start + n * GRID: (shift.responder, shift.source)
            for shifts in parts
            for shift in shifts
            for n in range((shift.end - shift.start) // GRID)
        }

    halves = [render(plan, start, middle), render(plan, middle, end)]
    assert at_quarters(halves) == at_quarters([render(plan, start, end)])
