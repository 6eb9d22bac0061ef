"""The calculator on named cases: where others' trackers are full of complaints, and what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.sla_monitor.preview import Answer, Refused, calculate
from services.sla_monitor.preview_shapes import PreviewQuestion, answer_of, question_of
from tests.unit.sla_monitor.rules import RULES

NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
WEEK = ["mon", "tue", "wed", "thu", "fri"]
ALL_DAYS = [*WEEK, "sat", "sun"]
WINDOW = {"days": WEEK, "open": "09:00", "close": "17:00"}
OFFICE = {"time_zone": "UTC", "weekly": [WINDOW]}
FRIDAY = "2026-11-27T09:00:00Z"


def asked(**question: Any) -> Answer:
    """Ask with the contract's shape; by default a start on Friday 09:00 and the present of `NOW`."""
    shape = PreviewQuestion.model_validate({"start": FRIDAY, "target": "PT8H", "now": FRIDAY, **question})
    return calculate(question_of(shape, RULES, present=NOW))


def due(**question: Any) -> str | None:
    """When it falls due, as the answer would say it."""
    found: str | None = answer_of(asked(**question)).model_dump(mode="json")["due_at"]
    return found


def zone(name: str, opens: str, closes: str, days: list[str] | None = None) -> dict[str, Any]:
    return {"time_zone": name, "weekly": [{"days": days or ALL_DAYS, "open": opens, "close": closes}]}


class TestDue:
    def test_a_target_that_fills_the_day_exactly_is_due_when_it_closes(self) -> None:
        assert due(calendar=OFFICE) == "2026-11-27T17:00:00Z"

    def test_a_second_more_is_due_on_monday(self) -> None:
        assert due(calendar=OFFICE, target=8 * 3600 + 1) == "2026-11-30T09:00:01Z"

    def test_a_start_at_night_counts_from_the_opening(self) -> None:
        assert due(calendar=OFFICE, start="2026-11-26T22:00:00Z", target="PT1H") == "2026-11-27T10:00:00Z"

    def test_around_the_clock_without_a_calendar(self) -> None:
        assert due(calendar=None, target="P1D") == "2026-11-28T09:00:00Z"

    def test_a_calendar_of_the_configuration_by_its_name(self) -> None:
        assert due(calendar="berlin") == "2026-11-30T09:00:00Z"  # from 10:00 on Friday there; the last hour on Monday

    def test_several_windows_a_day_and_overlapping_ones_are_their_union(self) -> None:
        windows = [("09:00", "12:00"), ("11:00", "12:30"), ("14:00", "17:00")]
        calendar = {"time_zone": "UTC", "weekly": [{"days": WEEK, "open": o, "close": c} for o, c in windows]}

        assert due(calendar=calendar, target="PT4H") == "2026-11-27T14:30:00Z"

    def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens(self) -> None:
        night = zone("UTC", "22:00", "06:00", ["fri"])

        assert due(calendar=night, target="PT8H") == "2026-11-28T06:00:00Z"
        assert due(calendar={**night, "closed": ["2026-11-28"]}, target="PT8H") == "2026-11-28T06:00:00Z"
        assert due(calendar={**night, "closed": ["2026-11-27"]}, target="PT1H") == "2026-12-04T23:00:00Z"

    def test_equal_times_are_a_whole_day_and_so_is_24_00(self) -> None:
        assert due(calendar=zone("UTC", "00:00", "00:00"), target="P2D") == "2026-11-29T09:00:00Z"
        assert due(calendar=zone("UTC", "00:00", "24:00"), target="P2D") == "2026-11-29T09:00:00Z"

    def test_special_hours_replace_those_of_the_week(self) -> None:
        special = [{"date": "2026-11-27", "open": "10:00", "close": "12:00"}]

        assert due(calendar={**OFFICE, "special": special}, target="PT3H") == "2026-11-30T10:00:00Z"

    def test_a_desk_that_is_open_once_in_two_years_is_not_walked_forever(self) -> None:
        once = {
            "time_zone": "UTC",
            "weekly": [],
            "special": [{"date": "2027-06-01", "open": "09:00", "close": "10:00"}],
        }

        assert due(calendar=once, target="PT1H") == "2027-06-01T10:00:00Z"
        with pytest.raises(Refused, match="5 years") as refused:
            asked(calendar=once, target="PT2H")
        assert refused.value.field == "target"


class TestDaylightSaving:
    def test_a_working_day_has_eight_hours_on_any_day(self) -> None:
        berlin = zone("Europe/Berlin", "09:00", "17:00")
        for start in ("2026-03-29T00:00:00Z", "2026-10-25T00:00:00Z"):
            answer = asked(start=start, target="PT8H", calendar=berlin, now=f"{start[:10]}T23:00:00Z")
            assert answer.elapsed == timedelta(hours=8)

    @pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
    def test_a_whole_day_has_23_or_25_hours(self, day: str, hours: int) -> None:
        calendar = {
            "time_zone": "Europe/Berlin",
            "weekly": [],
            "special": [{"date": day, "open": "00:00", "close": "24:00"}],
        }
        answer = asked(start=f"{day}T00:00:00+14:00", target=3600, calendar=calendar, now="2026-12-31T00:00:00Z")

        assert answer.elapsed == timedelta(hours=hours)

    def test_an_opening_that_occurs_twice_is_the_first_and_a_closing_the_last(self) -> None:
        night = zone("Europe/Berlin", "02:15", "02:45", ["sun"])

        assert due(start="2026-10-25T00:00:00Z", target="PT90M", calendar=night, now=FRIDAY) == "2026-10-25T01:45:00Z"

    def test_times_that_do_not_exist_are_the_end_of_the_gap(self) -> None:
        early = zone("Europe/Berlin", "02:30", "05:00", ["sun"])
        inside = zone("Europe/Berlin", "02:10", "02:50", ["sun"])
        start = "2026-03-28T12:00:00Z"

        assert due(start=start, target="PT2H", calendar=early) == "2026-03-29T03:00:00Z"  # 03:00 to 05:00 there
        assert due(start=start, target="PT1M", calendar=inside) == "2026-04-05T00:11:00Z"  # nothing on the 29th

    def test_half_an_hour_at_lord_howe(self) -> None:
        day = zone("Australia/Lord_Howe", "00:00", "24:00", ["sun"])
        answer = asked(start="2026-04-04T00:00:00Z", target=1, calendar=day, now="2026-04-06T00:00:00Z")

        assert answer.elapsed == timedelta(hours=24.5)

    def test_midnight_that_does_not_exist_in_cairo(self) -> None:
        friday = zone("Africa/Cairo", "00:00", "24:00", ["fri"])
        answer = asked(start="2026-04-23T00:00:00Z", target=1, calendar=friday, now="2026-04-26T00:00:00Z")

        assert answer.elapsed == timedelta(hours=23)

    def test_a_date_that_apia_skipped(self) -> None:
        friday = zone("Pacific/Apia", "09:00", "17:00", ["fri"])
        answer = asked(start="2011-12-28T00:00:00Z", target=1, calendar=friday, now="2012-01-03T00:00:00Z")

        assert answer.elapsed == timedelta(0)


class TestPauses:
    def test_pauses_that_overlap_count_once_and_outside_open_time_cost_nothing(self) -> None:
        pauses = [
            {"start": "2026-11-27T10:00:00Z", "end": "2026-11-27T11:00:00Z"},
            {"start": "2026-11-27T10:30:00Z", "end": "2026-11-27T11:30:00Z"},
            {"start": "2026-11-27T17:00:00Z", "end": "2026-11-30T09:00:00Z"},
        ]

        assert due(calendar=OFFICE, pauses=pauses) == "2026-11-30T10:30:00Z"

    def test_behind_an_open_pause_nothing_is_due(self) -> None:
        answer = asked(pauses=[{"start": "2026-11-27T14:00:00Z"}], now="2026-11-27T15:00:00Z")

        assert answer.due_at is None
        assert [at for _, at in answer.thresholds] == [datetime(2026, 11, 27, 13, tzinfo=UTC), None, None]
        assert (answer.state, answer.remaining) == ("paused", timedelta(hours=3))

    def test_an_open_pause_after_due_does_not_matter(self) -> None:
        answer = asked(pauses=[{"start": "2026-11-27T18:00:00Z"}], now="2026-11-27T19:00:00Z")

        assert answer.due_at == datetime(2026, 11, 27, 17, tzinfo=UTC)
        assert answer.state == "breached"

    def test_a_pause_without_length_is_none(self) -> None:
        assert due(pauses=[{"start": FRIDAY, "end": FRIDAY}]) == "2026-11-27T17:00:00Z"


class TestState:
    def test_at_due_a_clock_is_still_running(self) -> None:
        answer = asked(now="2026-11-27T17:00:00Z")
        assert (answer.state, answer.remaining) == ("running", timedelta(0))
        assert asked(now="2026-11-27T17:00:00.000001Z").state == "breached"

    def test_stopped_at_due_it_is_met_and_later_it_is_not(self) -> None:
        assert asked(stop="2026-11-27T17:00:00Z", now="2026-11-29T00:00:00Z").state == "met"
        late = asked(stop="2026-11-27T18:00:00Z", now="2026-11-29T00:00:00Z")
        assert (late.state, late.elapsed, late.remaining) == ("breached", timedelta(hours=9), timedelta(hours=-1))

    def test_overdue_is_reckoned_in_open_time(self) -> None:
        answer = asked(calendar=OFFICE, now="2026-11-30T10:00:00Z")

        assert answer.remaining == timedelta(hours=-1)

    def test_before_the_start_nothing_has_elapsed(self) -> None:
        assert asked(now="2026-11-20T00:00:00Z").elapsed == timedelta(0)

    def test_without_now_a_stop_ahead_is_taken_as_having_come(self) -> None:
        assert asked(stop="2026-11-27T10:00:00Z", now=None).state == "met"

    def test_thresholds_are_shares_of_the_target_in_open_time(self) -> None:
        answer = asked(calendar=OFFICE, target="PT12H", thresholds=[50, 75])

        assert [(percent, at.isoformat()) for percent, at in answer.thresholds if at] == [
            (50, "2026-11-27T15:00:00+00:00"),
            (75, "2026-11-30T10:00:00+00:00"),
        ]


class TestRefusals:
    @pytest.mark.parametrize(
        ("field", "question"),
        [
            ("stop", {"stop": "2026-11-27T08:59:59Z"}),
            ("calendar", {"calendar": "nowhere"}),
            ("calendar", {"calendar": {"time_zone": "UTC", "weekly": []}}),
            ("calendar", {"calendar": {"time_zone": "UTC", "special": [
                {"date": "2028-01-01", "open": "09:00", "close": "10:00"}]}}),
            ("calendar", {"calendar": {"time_zone": "Europe/Berlin", "special": [
                {"date": "2027-03-28", "open": "02:10", "close": "02:50"}]}}),
            ("calendar", {"calendar": {"time_zone": "UTC", "weekly": [WINDOW] * 101}}),
            ("now", {"now": "2150-01-01T00:00:00Z"}),
            ("target", {"target": "P1827D"}),
            ("target", {"target": "PT20000H", "calendar": OFFICE}),
            ("target", {"target": "P3000D", "pauses": [{"start": "2026-12-01T00:00:00Z"}]}),
        ],
    )  # fmt: skip
    def test_what_has_no_answer_names_its_field(self, field: str, question: dict[str, Any]) -> None:
        with pytest.raises(Refused) as refused:
            asked(**question)

        assert refused.value.field == field

    @pytest.mark.parametrize(
        ("field", "question"),
        [
            ("target", {"target": "PT0S"}),
            ("target", {"target": -5}),
            ("target", {"target": True}),
            ("target", {"target": "P1M"}),
            ("thresholds", {"thresholds": [75, 50]}),
            ("thresholds", {"thresholds": [50, 50]}),
            ("thresholds", {"thresholds": [0]}),
            ("thresholds", {"thresholds": [100]}),
            ("pauses", {"pauses": [{"start": FRIDAY, "end": "2026-11-27T08:00:00Z"}]}),
            ("calendar", {"calendar": {**OFFICE, "closed": ["2026-12-24"], "special": [
                {"date": "2026-12-24", "open": "09:00", "close": "12:00"}]}}),
            ("calendar", {"calendar": {**OFFICE, "time_zone": "Mars/Olympus"}}),
            ("calendar", {"calendar": zone("UTC", "25:00", "26:00")}),
            ("calendar", {"calendar": 7}),
            ("start", {"start": "2026-11-27T09:00:00"}),
            ("start", {"start": "9999-12-31T23:59:59Z"}),
            ("colour", {"colour": "red"}),
        ],
    )  # fmt: skip
    def test_what_is_not_well_formed_names_its_field(self, field: str, question: dict[str, Any]) -> None:
        with pytest.raises(ValidationError) as refused:
            asked(**question)

        assert {error["loc"][0] for error in refused.value.errors()} == {field}
