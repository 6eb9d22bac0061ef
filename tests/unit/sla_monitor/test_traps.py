"""Where other trackers' clocks went wrong, each by its report: the same situation, asked of this calculator.

The projects are named with the number of the issue, change or article in which their users described the symptom.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.sla_monitor.preview import Refused
from tests.unit.sla_monitor.test_preview import ALL_DAYS, OFFICE, WEEK, asked, due, zone

HOUR = timedelta(hours=1)


def spent(calendar: dict[str, Any], start: str, now: str, pauses: Any = ()) -> timedelta:
    """How much of [start, now) counts."""
    return asked(calendar=calendar, start=start, now=now, pauses=pauses, target=1).elapsed


def week(*windows: tuple[str, str], zone: str = "UTC", days: list[str] = WEEK) -> dict[str, Any]:
    return {"time_zone": zone, "weekly": [{"days": days, "open": o, "close": c} for o, c in windows]}


class TestPauses:
    def test_a_pause_over_the_weekend_costs_the_hours_in_which_the_desk_was_open(self) -> None:
        """glpi-project/glpi 10594 and 14937, ServiceNow's planned end: the whole weekend was added to due."""
        pause = {"start": "2026-11-27T16:00:00Z", "end": "2026-11-30T10:00:00Z"}

        assert due(calendar=OFFICE, start="2026-11-27T15:00:00Z", pauses=[pause]) == "2026-11-30T17:00:00Z"

    def test_due_never_lies_in_closed_time(self) -> None:
        """glpi-project/glpi 9082: after three and a half hours of pending, due lay at night."""
        pause = {"start": "2026-11-26T10:00:00Z", "end": "2026-11-26T13:31:00Z"}

        assert due(calendar=OFFICE, start="2026-11-26T09:00:00Z", pauses=[pause]) == "2026-11-27T12:31:00Z"

    def test_a_pause_of_a_clock_that_started_on_a_holiday_is_not_added_to_its_start(self) -> None:
        """frappe/helpdesk 2449: time on hold moved the creation of tickets made on holidays, not their due."""
        christmas = {**OFFICE, "holidays": "DE-BE"}
        pause = {"start": "2026-12-28T10:00:00Z", "end": "2026-12-28T11:00:00Z"}

        assert due(calendar=christmas, start="2026-12-25T12:00:00Z", target="PT2H", pauses=[pause]) == (
            "2026-12-28T12:00:00Z"
        )

    def test_while_paused_there_is_no_due_to_be_wrong_about(self) -> None:
        """ServiceNow KB0550783: a paused clock went on showing the due it had before."""
        answer = asked(calendar=OFFICE, pauses=[{"start": "2026-11-27T10:00:00Z"}], now="2026-11-27T12:00:00Z")

        assert (answer.due_at, answer.state, answer.elapsed) == (None, "paused", HOUR)


class TestHours:
    def test_an_hour_from_friday_half_past_four(self) -> None:
        """chatwoot/chatwoot 13392: due on Friday 17:30, on the wall, instead of Monday 09:30."""
        assert due(calendar=OFFICE, start="2026-11-27T16:30:00Z", target="PT1H") == "2026-11-30T09:30:00Z"

    def test_a_target_that_fills_the_day_is_due_when_it_closes(self) -> None:
        """Others said Monday 09:00: the end of a window belongs to it as far as due is concerned."""
        assert due(calendar=OFFICE, start="2026-11-27T09:00:00Z", target="PT8H") == "2026-11-27T17:00:00Z"

    def test_forty_eight_hours_of_twelve_hour_days_are_four_days(self) -> None:
        """zammad/zammad 390: it said six, for holidays that nobody had asked for."""
        long_days = week(("09:00", "21:00"), days=ALL_DAYS)

        assert due(calendar=long_days, start="2026-11-09T23:00:00Z", target="PT48H") == "2026-11-13T21:00:00Z"

    def test_around_the_clock_is_not_closed_at_midnight(self) -> None:
        """zammad/zammad 3180: 00:00 to 23:59, the longest day that could be typed, lost a minute every night."""
        for close in ("24:00", "00:00"):
            always = zone("UTC", "00:00", close)
            assert due(calendar=always, start="2026-11-27T22:00:00Z", target="P3D") == "2026-11-30T22:00:00Z"

    def test_a_break_at_noon(self) -> None:
        """chatwoot/chatwoot 14009: one window a day."""
        split = week(("08:00", "12:00"), ("13:30", "18:00"))

        assert due(calendar=split, start="2026-11-27T11:30:00Z", target="PT1H") == "2026-11-27T14:00:00Z"
        assert spent(split, "2026-11-27T12:10:00Z", "2026-11-27T13:20:00Z") == timedelta(0)

    def test_a_week_of_one_day(self) -> None:
        """osTicket/osTicket 6739: without a Monday and a Thursday a schedule counted nothing, or one day."""
        tuesdays = week(("08:00", "17:00"), days=["tue"])

        assert due(calendar=tuesdays, start="2026-11-25T12:00:00Z", target="PT18H") == "2026-12-08T17:00:00Z"

    @pytest.mark.parametrize(("opens", "closes"), [("23:50", "15:00"), ("14:00", "00:01"), ("23:00", "07:00")])
    def test_hours_over_midnight_count_on_both_sides(self, opens: str, closes: str) -> None:
        """bokmann/business_time 227: closed all day when the closing time was the smaller number."""
        start, end = (datetime.fromisoformat(f"2026-11-27T{at}:00+00:00") for at in (opens, closes))
        whole = end + timedelta(days=1) - start

        assert spent(week((opens, closes)), start.isoformat(), "2026-11-28T20:00:00Z") == whole

    def test_a_day_that_ends_at_midnight(self) -> None:
        """bokmann/business_time 231: a closing time of 00:00 lay before every opening."""
        assert due(calendar=week(("18:00", "00:00")), target="PT6H") == "2026-11-28T00:00:00Z"

    def test_windows_that_touch_are_one(self) -> None:
        touching = week(("09:00", "12:00"), ("12:00", "17:00"))
        nights = week(("22:00", "24:00"), ("00:00", "06:00"), days=ALL_DAYS)

        assert due(calendar=touching, target="PT3H") == "2026-11-27T12:00:00Z"
        assert due(calendar=touching, target="PT3H1S") == "2026-11-27T12:00:01Z"
        assert due(calendar=nights, start="2026-11-27T22:00:00Z", target="PT8H") == "2026-11-28T06:00:00Z"

    @pytest.mark.parametrize(
        "empty",
        [
            {"time_zone": "UTC", "weekly": []},
            {**OFFICE, "weekly": [], "closed": ["2026-11-27"]},
            {"time_zone": "Pacific/Apia", "special": [{"date": "2011-12-30", "open": "09:00", "close": "17:00"}]},
        ],
    )
    def test_an_empty_calendar_is_refused_and_nothing_loops(self, empty: dict[str, Any]) -> None:
        """freetrade-io/ts-business-time 5, lennym/moment-business-time 17: searched for an open day forever."""
        with pytest.raises(Refused, match="no open time"):
            asked(calendar=empty, start="2011-12-01T00:00:00Z", now="2011-12-02T00:00:00Z")

    def test_between_two_closed_instants_nothing_has_elapsed(self) -> None:
        """lennym/moment-business-time 17: never came back from a span outside all hours."""
        assert spent(OFFICE, "2026-11-28T03:00:00Z", "2026-11-28T07:00:00Z") == timedelta(0)

    def test_a_leap_day_is_a_day_like_others(self) -> None:
        calendar = week(("09:00", "17:00"))  # 29 February 2028 is a Tuesday

        assert due(calendar=calendar, start="2028-02-28T09:00:00Z", target="PT16H1S") == "2028-03-01T09:00:01Z"
        leap = {**calendar, "special": [{"date": "2028-02-29", "open": "10:00", "close": "11:00"}]}
        assert due(calendar=leap, start="2028-02-29T00:00:00Z", target="PT1H") == "2028-02-29T11:00:00Z"
        assert due(calendar=None, start="2028-02-29T12:00:00Z", target="P1826D") == "2033-02-28T12:00:00Z"


class TestChangesOfTheClocks:
    @pytest.mark.parametrize(
        ("opens", "closes", "in_gap", "in_overlap"),
        [
            ("01:00", "02:00", 60, 120),  # closes at the change: the last 02:00
            ("02:00", "03:00", 0, 120),  # is the change
            ("02:10", "02:50", 0, 100),  # inside: 02:10 the first time to 02:50 the last
            ("01:30", "02:30", 30, 120),  # ends inside
            ("02:30", "03:30", 30, 120),  # begins inside
            ("01:00", "04:00", 120, 240),  # across
            ("03:00", "04:00", 60, 60),  # opens behind it
            ("22:00", "06:00", 420, 540),  # across, from the evening before
        ],
    )
    def test_windows_before_at_inside_and_across(self, opens: str, closes: str, in_gap: int, in_overlap: int) -> None:
        days = ["sat"] if opens == "22:00" else ["sun"]
        calendar = zone("Europe/Berlin", opens, closes, days)

        assert spent(calendar, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z") == timedelta(minutes=in_gap)
        assert spent(calendar, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z") == timedelta(minutes=in_overlap)

    def test_the_hour_that_comes_twice_has_two_hours(self) -> None:
        """lennym/moment-business-time 58: an hour on from the first 02:00 was the first 02:00."""
        early = zone("Europe/Amsterdam", "00:00", "10:00")

        assert due(calendar=early, start="2022-10-30T02:00:00+02:00", target="PT1H") == "2022-10-30T01:00:00Z"
        assert due(calendar=early, start="2022-10-30T02:00:00+02:00", target="PT2H") == "2022-10-30T02:00:00Z"

    @pytest.mark.parametrize(("start", "opening"), [("2026-07-03", "13:00"), ("2026-12-04", "14:00")])
    def test_office_hours_are_those_of_their_own_date(self, start: str, opening: str) -> None:
        """chatwoot 2882, fivetran/dbt_zendesk 25, Jira's server clock: today's offset served for all the year."""
        new_york = week(("09:00", "17:00"), zone="America/New_York")

        assert due(calendar=new_york, start=f"{start}T08:00:00Z", target="PT30M") == f"{start}T{opening[:2]}:30:00Z"

    def test_a_midnight_schedule_over_a_day_of_25_hours_ends(self) -> None:
        """nyaruka/rapidpro 6905, sbarry50/vue-business-hours 26: a day added in UTC was the same local day."""
        assert (
            due(calendar=zone("Europe/London", "00:00", "24:00"), start="2026-10-24T23:00:00Z", target="PT25H")
            == "2026-10-26T00:00:00Z"
        )

    def test_a_midnight_that_does_not_exist(self) -> None:
        """zendesk/biz 37: in zones that jump at midnight a day that ended at 24:00 ended nowhere."""
        saturday = zone("America/Sao_Paulo", "18:00", "24:00", ["sat"])
        sunday = zone("America/Sao_Paulo", "00:00", "02:00", ["sun"])

        assert spent(saturday, "2018-11-03T12:00:00Z", "2018-11-04T12:00:00Z") == 6 * HOUR
        assert spent(sunday, "2018-11-03T12:00:00Z", "2018-11-04T12:00:00Z") == HOUR

    def test_a_zone_whose_summer_time_is_its_standard_time(self) -> None:
        """zendesk/biz 160: in Casablanca clocks go back for Ramadan, and no flag says which hour is meant."""
        nights = zone("Africa/Casablanca", "02:00", "03:00", ["sun"])

        assert spent(nights, "2026-02-14T12:00:00Z", "2026-02-15T12:00:00Z") == 2 * HOUR
        assert spent(nights, "2026-03-21T12:00:00Z", "2026-03-22T12:00:00Z") == timedelta(0)

    @pytest.mark.parametrize(
        ("name", "start", "end", "hours"),
        [
            ("Australia/Lord_Howe", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z", 23.5),
            ("Australia/Lord_Howe", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z", 24.5),
            ("Africa/Cairo", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z", 23),
            ("Africa/Cairo", "2026-10-28T21:00:00Z", "2026-10-29T22:00:00Z", 25),
            ("America/Havana", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", 23),
        ],
    )
    def test_a_whole_local_day_has_the_hours_that_it_has(self, name: str, start: str, end: str, hours: float) -> None:
        whole = zone(name, "00:00", "24:00")

        assert spent(whole, start, end) == timedelta(hours=hours)
        assert due(calendar=whole, start=start, target=hours * 3600) == end

    def test_a_midnight_that_comes_twice_a_minute_after_it(self) -> None:
        """Newfoundland went back at 00:01: Sunday had begun, Saturday's last hour came again, and Sunday again."""
        sunday = zone("America/St_Johns", "00:00", "02:00", ["sun"])

        assert spent(sunday, "2006-10-28T12:00:00Z", "2006-10-29T02:45:00Z") == timedelta(minutes=15)
        assert spent(sunday, "2006-10-28T12:00:00Z", "2006-10-29T12:00:00Z") == 3 * HOUR

    @pytest.mark.parametrize(
        ("name", "skipped", "before", "after"),
        [
            ("Pacific/Apia", "2011-12-30", "2011-12-28T00:00:00Z", "2012-01-02T00:00:00Z"),
            ("Pacific/Kwajalein", "1993-08-21", "1993-08-19T00:00:00Z", "1993-08-24T00:00:00Z"),
        ],
    )
    def test_a_date_that_a_zone_skipped_has_no_hours(self, name: str, skipped: str, before: str, after: str) -> None:
        day = datetime.fromisoformat(skipped).strftime("%a").lower()
        special = [{"date": skipped, "open": "08:00", "close": "20:00"}]
        on_it = {**zone(name, "09:00", "17:00", [day]), "special": special}
        daily = zone(name, "09:00", "17:00")

        assert spent(on_it, before, after) == timedelta(0)
        assert spent(daily, before, after) % (8 * HOUR) == timedelta(0)
        assert spent(zone(name, "00:00", "24:00"), before, after) == 5 * 24 * HOUR
