"""Shifts over midnight, changes of the clocks, closed dates and special hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.router.shifts import Always, Shift, Weekly, Window
from services.router.specialist import shifts_of
from shared.config.calendars import CalendarSpec

BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS = frozenset(range(5))
EVERY_DAY = frozenset(range(7))


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def weekly(*windows: tuple[frozenset[int], float, float], zone: ZoneInfo = BERLIN, **more: object) -> Weekly:
    return Weekly(zone, tuple(Window(days, hours(a), hours(b)) for days, a, b in windows), **more)  # type: ignore[arg-type]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_shift_is_half_open() -> None:
    shifts = weekly((WEEKDAYS, 9, 17))
    expected = Shift(utc("2026-11-23T08:00"), utc("2026-11-23T16:00"))
    assert shifts.at(utc("2026-11-23T08:00")) == expected
    assert shifts.at(utc("2026-11-23T15:59:59")) == expected
    assert shifts.at(utc("2026-11-23T16:00")) is None


def test_the_next_shift_follows_the_weekend() -> None:
    shifts = weekly((WEEKDAYS, 9, 17))
    friday = utc("2026-11-27T12:00")
    assert shifts.after(friday) == Shift(utc("2026-11-30T08:00"), utc("2026-11-30T16:00"))


def test_a_night_shift_belongs_to_the_day_on_which_it_opens() -> None:
    shifts = weekly((frozenset({4}), 22, 6), zone=ZoneInfo("UTC"))
    night = Shift(utc("2026-11-27T22:00"), utc("2026-11-28T06:00"))
    assert shifts.at(utc("2026-11-28T05:00")) == night
    assert shifts.at(utc("2026-11-27T05:00")) is None


def test_a_closed_date_removes_the_night_that_opens_on_it_only() -> None:
    shifts = weekly((EVERY_DAY, 22, 6), zone=ZoneInfo("UTC"), closed=frozenset({date(2026, 12, 25)}))
    assert shifts.at(utc("2026-12-25T05:00")) is not None
    assert shifts.at(utc("2026-12-26T05:00")) is None


def test_special_hours_replace_those_of_the_date() -> None:
    shifts = weekly((WEEKDAYS, 9, 17), special={date(2026, 11, 23): ((hours(12), hours(13)),)})
    assert shifts.at(utc("2026-11-23T09:00")) is None
    assert shifts.at(utc("2026-11-23T11:30")) == Shift(utc("2026-11-23T11:00"), utc("2026-11-23T12:00"))


def test_windows_that_touch_or_overlap_are_one_shift() -> None:
    shifts = weekly((WEEKDAYS, 9, 13), (WEEKDAYS, 12, 15), (WEEKDAYS, 15, 17))
    assert shifts.at(utc("2026-11-23T08:30")) == Shift(utc("2026-11-23T08:00"), utc("2026-11-23T16:00"))


def test_whole_days_in_a_row_end_far_ahead_and_nothing_loops() -> None:
    shifts = weekly((EVERY_DAY, 0, 24))
    now = utc("2026-11-23T10:00")
    shift = shifts.at(now)
    assert shift is not None
    assert shift.end - now > timedelta(days=7)


def test_no_windows_means_never_on_shift() -> None:
    shifts = weekly()
    assert shifts.at(utc("2026-11-23T10:00")) is None
    assert shifts.after(utc("2026-11-23T10:00")) is None


def test_always_has_no_next_shift() -> None:
    now = utc("2026-11-23T10:00")
    shift = Always().at(now)
    assert shift is not None
    assert shift.start < now < shift.end
    assert Always().after(now) is None


def test_a_local_time_that_does_not_exist_is_the_end_of_the_gap() -> None:
    # Clocks in Berlin jumped from 02:00 to 03:00 on 29 March 2026, at 01:00 UTC.
    opens_inside = weekly((frozenset({6}), 2.5, 4))
    assert opens_inside.at(utc("2026-03-29T01:10")) == Shift(utc("2026-03-29T01:00"), utc("2026-03-29T02:00"))
    closes_inside = weekly((frozenset({6}), 0, 2.5))
    assert closes_inside.at(utc("2026-03-29T00:10")) == Shift(utc("2026-03-28T23:00"), utc("2026-03-29T01:00"))


def test_of_two_local_times_the_first_opens_and_the_last_closes() -> None:
    # 02:30 came twice in Berlin on 25 October 2026: at 00:30 and at 01:30 UTC.
    shifts = weekly((frozenset({6}), 2.5, 4))
    assert shifts.at(utc("2026-10-25T00:45")) == Shift(utc("2026-10-25T00:30"), utc("2026-10-25T03:00"))
    shifts = weekly((frozenset({6}), 0, 2.5))
    assert shifts.at(utc("2026-10-25T01:15")) == Shift(utc("2026-10-24T22:00"), utc("2026-10-25T01:30"))


def test_a_shift_that_lies_within_the_gap_vanishes() -> None:
    shifts = weekly((frozenset({6}), 2.25, 2.75))
    assert shifts.at(utc("2026-03-29T01:00")) is None
    found = shifts.after(utc("2026-03-28T12:00"))
    assert found is not None
    assert found.start.date() == date(2026, 4, 5)


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe"])
WINDOWS = st.lists(
    st.tuples(
        st.frozensets(st.integers(0, 6), min_size=1),
        st.integers(0, 23 * 4 + 3).map(lambda quarter: quarter / 4),
        st.integers(1, 24 * 4).map(lambda quarter: quarter / 4),
    ),
    max_size=3,
)


@given(windows=WINDOWS, zone=ZONES, start=st.integers(0, 330 * 96))
def test_at_and_after_agree_with_a_walk_along_the_clock(
    windows: list[tuple[frozenset[int], float, float]], zone: str, start: int
) -> None:
    shifts = weekly(*windows, zone=ZoneInfo(zone))
    now = utc("2026-01-01T00:00") + start * timedelta(minutes=15)
    current = shifts.at(now)
    for step in range(0, 4 * 48, 3):
        instant = now + step * timedelta(minutes=15)
        found = shifts.at(instant)
        if found is not None:
            assert found.start <= instant < found.end
        if current is not None and instant < current.end:
            assert found is not None
            assert found.end >= current.end
    following = shifts.after(now)
    if following is not None:
        assert following.start > now
        assert shifts.at(following.start) is not None
        assert shifts.at(following.start - timedelta(seconds=1)) != shifts.at(following.start)


def test_a_holiday_has_no_shift_unless_it_has_hours_of_its_own() -> None:
    spec = {
        "time_zone": "Europe/Berlin",
        "weekly": [{"days": ["thu", "fri"], "open": "09:00", "close": "17:00"}],
        "holidays": "DE-BE",
        "special": [{"date": "2026-12-25", "open": "10:00", "close": "12:00"}],
    }
    shifts = shifts_of(CalendarSpec.model_validate(spec))

    assert shifts.after(utc("2026-05-13T18:00")) == Shift(utc("2026-05-15T07:00"), utc("2026-05-15T15:00"))  # Ascension
    assert shifts.at(utc("2026-12-25T10:00")) == Shift(utc("2026-12-25T09:00"), utc("2026-12-25T11:00"))
