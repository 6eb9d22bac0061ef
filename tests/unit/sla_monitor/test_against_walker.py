"""The calculator against the walker: random calendars, pauses and targets around every odd change of offset."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla_monitor.calendar import ALWAYS, Calendar, open_hours
from services.sla_monitor.clock import Timing, elapsed, instants_of
from services.sla_monitor.spans import FOREVER, Span, union
from shared.config.calendars import CalendarSpec
from tests.unit.sla_monitor.walker import (
    LEAD_DAYS,
    MINUTE,
    WEEKDAYS,
    Hours,
    Week,
    beginning,
    open_minutes,
    reached,
    running_minutes,
)

SCENES = (
    ("Europe/Berlin", date(2026, 3, 25)),  # an hour goes at 02:00
    ("Europe/Berlin", date(2026, 10, 21)),  # and comes back at 03:00
    ("America/New_York", date(2026, 3, 4)),
    ("America/New_York", date(2026, 10, 28)),
    ("America/Havana", date(2026, 10, 28)),  # midnight occurs twice
    ("Africa/Cairo", date(2026, 4, 20)),  # midnight does not exist
    ("Africa/Cairo", date(2026, 10, 26)),
    ("Australia/Lord_Howe", date(2026, 4, 1)),  # half an hour
    ("Australia/Lord_Howe", date(2026, 9, 30)),
    ("Pacific/Apia", date(2011, 12, 27)),  # a date that was skipped
    ("America/Sao_Paulo", date(2018, 11, 1)),
    ("Asia/Kathmandu", date(2026, 6, 1)),
)
HORIZON = 9 * 1440
"""Minutes within which everything drawn here happens; the rest of the walk is for it to fall due in."""


@dataclass(frozen=True)
class Drawn:
    """One clock, in minutes of the walk."""

    first: date
    week: Week | None
    start: int
    target: int
    pauses: tuple[tuple[int, int | None], ...]
    now: int

    @property
    def calendar(self) -> Calendar:
        return ALWAYS if self.week is None else open_hours(spec_of(self.week))

    @property
    def timing(self) -> Timing:
        pauses = (Span(self.at(b), FOREVER if e is None else self.at(e)) for b, e in self.pauses)
        return Timing(self.at(self.start), timedelta(minutes=self.target), self.calendar, union(pauses))

    def at(self, minute: int) -> datetime:
        return beginning(self.first) + minute * MINUTE


def spec_of(week: Week) -> CalendarSpec:
    return CalendarSpec.model_validate(
        {
            "time_zone": week.zone,
            "weekly": [{"days": list(days), "open": h.open, "close": h.close} for days, h in week.weekly],
            "closed": list(week.closed),
            "special": [{"date": day, "open": h.open, "close": h.close} for day, h in week.special],
        }
    )


quarter = st.integers(0, 95).map(lambda q: f"{q // 4:02}:{q % 4 * 15:02}")
hours = st.builds(Hours, quarter, st.one_of(quarter, st.just("24:00")))
days = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True).map(tuple)
minute = st.integers(LEAD_DAYS * 1440, HORIZON)


@st.composite
def weeks(draw: st.DrawFn, zone: str, first: date) -> Week:
    dates = st.integers(-1, 10).map(lambda offset: first + timedelta(days=offset))
    closed = draw(st.lists(dates, max_size=3, unique=True))
    special = draw(st.lists(st.tuples(dates, hours), max_size=3))
    return Week(
        zone=zone,
        weekly=tuple(draw(st.lists(st.tuples(days, hours), max_size=4))),
        closed=tuple(closed),
        special=tuple((day, own) for day, own in special if day not in closed),
    )


@st.composite
def clocks(draw: st.DrawFn) -> Drawn:
    zone, first = draw(st.sampled_from(SCENES))
    begins = draw(st.lists(minute, max_size=4))
    return Drawn(
        first=first,
        week=draw(st.one_of(st.none(), weeks(zone, first))),
        start=draw(minute),
        target=draw(st.integers(1, 3000)),
        pauses=tuple((begin, draw(st.one_of(st.none(), st.integers(begin, HORIZON)))) for begin in begins),
        now=draw(minute),
    )


@given(clocks())
@settings(max_examples=1500, deadline=None)
def test_due_thresholds_and_elapsed_are_what_the_walker_finds(drawn: Drawn) -> None:
    minutes = running_minutes(drawn.week, drawn.first, drawn.start, drawn.pauses)
    amounts = [drawn.target // 2 or 1, drawn.target]
    due = [reached(minutes, amount) for amount in amounts]

    found = instants_of(drawn.timing, [timedelta(minutes=amount) for amount in amounts])

    for expected, instant in zip(due, found, strict=True):
        if expected is not None:
            assert instant == drawn.at(expected)
        else:
            assert instant is None or instant > drawn.at(HORIZON)
    spent = sum(minutes[: max(drawn.now, drawn.start)])
    assert elapsed(drawn.timing, drawn.at(drawn.now)) == timedelta(minutes=spent)


@given(clocks())
@settings(max_examples=500, deadline=None)
def test_elapsed_at_due_is_the_target_and_less_before(drawn: Drawn) -> None:
    (due,) = instants_of(drawn.timing, [drawn.timing.target])
    if due is not None:
        assert elapsed(drawn.timing, due) == drawn.timing.target
        assert elapsed(drawn.timing, due - timedelta(seconds=1)) < drawn.timing.target


@given(clocks(), minute)
@settings(max_examples=500, deadline=None)
def test_a_clock_split_at_any_instant_is_due_at_the_same(drawn: Drawn, split: int) -> None:
    whole = drawn.timing
    at = max(drawn.at(split), whole.start)
    spent = elapsed(whole, at)
    if spent >= whole.target:
        return
    rest = Timing(at, whole.target - spent, whole.calendar, whole.pauses)

    assert instants_of(rest, [rest.target])[0] == instants_of(whole, [whole.target])[0]


@given(st.sampled_from(SCENES), st.data())
@settings(max_examples=500, deadline=None)
def test_open_time_is_the_union_of_the_windows(scene: tuple[str, date], data: st.DataObject) -> None:
    zone, first = scene
    week = data.draw(weeks(zone, first))
    minutes = open_minutes(week, first)
    begin = datetime.combine(first, datetime.min.time(), UTC)
    bounds = Span(begin, begin + timedelta(days=9))

    spans = list(open_hours(spec_of(week)).open_spans(bounds))

    walked = minutes[LEAD_DAYS * 1440 : (LEAD_DAYS + 9) * 1440]
    covered = bytearray(len(walked))
    for span in spans:
        low, high = (int((edge - begin) / MINUTE) for edge in (span.start, span.end))
        assert not any(covered[low:high]), "spans overlap"
        covered[low:high] = b"\1" * (high - low)
    assert covered == walked
