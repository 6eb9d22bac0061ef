"""Calendars by themselves: which days open, and what is refused with its place."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from shared.config.base import seconds_of
from shared.config.calendars import STORED, CalendarSpec
from shared.config.holidays import dates_of

WEEK = {"days": ["mon", "tue"], "open": "09:00", "close": "17:00"}
MONDAY, WEDNESDAY = date(2026, 11, 23), date(2026, 11, 25)


def calendar(**fields: Any) -> CalendarSpec:
    return CalendarSpec.model_validate({"time_zone": "Europe/Berlin", "weekly": [WEEK], **fields})


def test_a_window_opens_on_its_days() -> None:
    assert calendar().opens_on(MONDAY)
    assert not calendar().opens_on(WEDNESDAY)


def test_a_closed_date_removes_the_windows_that_open_on_it() -> None:
    assert not calendar(closed=["2026-11-23"]).opens_on(MONDAY)


def test_special_hours_open_a_day_that_is_closed_by_the_week() -> None:
    assert calendar(special=[{"date": "2026-11-25", "open": "10:00", "close": "12:00"}]).opens_on(WEDNESDAY)


def test_a_calendar_of_one_special_day_opens_within_a_year_of_it_only() -> None:
    once = calendar(weekly=[], special=[{"date": "2026-11-25", "open": "10:00", "close": "12:00"}])

    assert once.opens_within(date(2025, 11, 24))
    assert not once.opens_within(date(2025, 11, 23))
    assert not once.opens_within(date(2026, 11, 26))


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"time_zone": "Mars/Base"}, ("time_zone",)),
        ({"time_zone": "../../etc/passwd"}, ("time_zone",)),
        ({"time_zone": "Europe"}, ("time_zone",)),
        ({"closed": ["2026-13-01"]}, ("closed", 0)),
        ({"closed": [20261125]}, ("closed", 0)),
        ({"weekly": [{**WEEK, "open": "24:00"}]}, ("weekly", 0, "open")),
        ({"weekly": [{**WEEK, "close": "24:01"}]}, ("weekly", 0, "close")),
        ({"weekly": [{**WEEK, "days": []}]}, ("weekly", 0, "days")),
        ({"weekly": [{**WEEK, "days": ["monday"]}]}, ("weekly", 0, "days", 0)),
        (
            {"closed": ["2026-11-25"], "special": [{"date": "2026-11-25", "open": "10:00", "close": "12:00"}]},
            ("special", 0),
        ),
        ({"opening": "09:00"}, ("opening",)),
    ],
)
def test_what_is_refused_is_named(fields: dict[str, Any], place: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as refused:
        calendar(**fields)

    assert [error["loc"] for error in refused.value.errors()] == [place]


def test_wall_times_in_seconds() -> None:
    assert [seconds_of(wall) for wall in ("00:00", "09:30", "09:30:05", "24:00")] == [0, 34200, 34205, 86400]


def test_a_holiday_of_the_region_is_closed_and_special_hours_on_it_win() -> None:
    ascension, christmas = date(2026, 5, 14), date(2026, 12, 25)
    week = {**WEEK, "days": ["thu", "fri"]}

    assert calendar(weekly=[week]).opens_on(ascension)
    assert not calendar(weekly=[week], holidays="DE-BE").opens_on(ascension)
    special = [{"date": "2026-12-25", "open": "10:00", "close": "12:00"}]
    assert calendar(weekly=[week], holidays="DE-BE", special=special).opens_on(christmas)


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    womens_day = date(2027, 3, 8)  # a Monday; in Berlin only

    assert not calendar(holidays="DE-BE").opens_on(womens_day)
    assert calendar(holidays="DE").opens_on(womens_day)


def test_years_beyond_the_library_s_data_have_no_holidays() -> None:
    assert dates_of("DE-BE", 2026)
    assert dates_of("DE-BE", 2101) == dates_of("DE-BE", 1800) == frozenset()


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("DE-XX", "one of BB, BE"),
        ("XX", "ISO 3166-1"),
        ("SG-01", "write SG"),
        ("berlin", "such as DE"),
        ("DEU", "DE-BE"),
    ],
)
def test_an_unknown_region_is_refused_with_what_would_be_right(code: str, remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy) as refused:
        calendar(holidays=code)

    assert [error["loc"] for error in refused.value.errors()] == [("holidays",)]


def test_a_stored_definition_keeps_a_region_that_the_library_no_longer_knows() -> None:
    kept = CalendarSpec.model_validate({"time_zone": "UTC", "weekly": [WEEK], "holidays": "XX-1"}, context=STORED)

    assert kept.opens_on(MONDAY)
