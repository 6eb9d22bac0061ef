"""Stories of schedules: handoffs, daylight saving, months, windows, gaps, layers and overrides."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.notifier.oncall.overrides import Override
from services.notifier.oncall.plans import plan_of
from services.notifier.oncall.resolver import coverage_percent, gaps, on_call, render
from shared.config.schedules import Schedule


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def layer(name: str = "weekly", **changes: Any) -> dict[str, Any]:
    rotation = {"unit": "week", "length": 1, "anchor": "2026-01-05T09:00"}
    return {"id": name, "rotation": rotation, "responders": ["ana", "ben", "chika"], **changes}


def shifts(start: str, end: str, *layers: dict[str, Any], zone: str = "UTC", overrides: Any = ()) -> list[Any]:
    schedule = Schedule.model_validate({"id": "s", "time_zone": zone, "layers": list(layers)})
    found = render(plan_of(schedule, overrides), at(start), at(end))
    return [(s.start, s.end, s.responder, s.source) for s in found]


def who(start: str, end: str, *layers: dict[str, Any], zone: str = "UTC", overrides: Any = ()) -> list[str]:
    return [shift[2] for shift in shifts(start, end, *layers, zone=zone, overrides=overrides)]


def turns(unit: str, length: int, anchor: str, responders: list[str | None], **changes: Any) -> dict[str, Any]:
    rotation = {"unit": unit, "length": length, "anchor": anchor}
    return layer(unit, rotation=rotation, responders=responders, **changes)


def test_at_a_handoff_the_new_responder_is_on_call_and_nobody_before_the_anchor() -> None:
    found = shifts("2026-01-01T00:00Z", "2026-01-20T00:00Z", layer())

    assert found == [
        (at("2026-01-05T09:00Z"), at("2026-01-12T09:00Z"), "ana", "weekly"),
        (at("2026-01-12T09:00Z"), at("2026-01-19T09:00Z"), "ben", "weekly"),
        (at("2026-01-19T09:00Z"), at("2026-01-20T00:00Z"), "chika", "weekly"),
    ]


def test_a_weekly_handoff_keeps_its_wall_time_so_a_week_has_167_or_169_hours() -> None:
    found = shifts("2026-01-05T00:00Z", "2026-12-01T00:00Z", layer(), zone="Europe/Berlin")

    hours = {s[0].date().isoformat(): (s[1] - s[0]) // timedelta(hours=1) for s in found}
    assert hours["2026-03-16"] == 168
    assert hours["2026-03-23"] == 167
    assert hours["2026-10-19"] == 169


def test_a_handoff_in_the_gap_is_at_its_end_and_one_that_occurs_twice_is_the_first() -> None:
    daily = turns("day", 1, "2026-01-01T02:30", ["ana", "ben"])

    gap = shifts("2026-03-28T12:00Z", "2026-03-29T12:00Z", daily, zone="Europe/Berlin")
    twice = shifts("2026-10-24T12:00Z", "2026-10-25T12:00Z", daily, zone="Europe/Berlin")

    assert gap[0][1] == at("2026-03-29T01:00Z")
    assert twice[0][1] == at("2026-10-25T00:30Z")


def test_hourly_turns_step_on_wall_time_so_one_in_the_gap_vanishes() -> None:
    hourly = turns("hour", 1, "2026-01-01T00:00", ["ana", "ben", "chika"])

    found = shifts("2026-03-29T00:00+01:00", "2026-03-29T05:00+02:00", hourly, zone="Europe/Berlin")

    lengths = [(s[1] - s[0]) // timedelta(hours=1) for s in found]
    assert lengths == [1, 1, 1, 1]
    assert [s[2] for s in found] == ["ana", "ben", "ana", "ben"]


def test_months_clamp_to_their_last_day_counted_from_the_anchor() -> None:
    monthly = turns("month", 1, "2026-01-31T09:00", ["ana", "ben"])

    found = shifts("2026-01-31T09:00Z", "2026-05-01T00:00Z", monthly)

    assert [s[0] for s in found] == [
        at("2026-01-31T09:00Z"),
        at("2026-02-28T09:00Z"),
        at("2026-03-31T09:00Z"),
        at("2026-04-30T09:00Z"),
    ]


def test_a_window_that_crosses_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    night = layer(restrict=[{"days": ["fri"], "open": "22:00", "close": "06:00"}])

    found = shifts("2026-01-09T00:00Z", "2026-01-12T00:00Z", night)

    assert [(s[0], s[1]) for s in found] == [(at("2026-01-09T22:00Z"), at("2026-01-10T06:00Z"))]


def test_2400_closes_at_midnight_and_joins_the_next_day() -> None:
    weekend = layer(restrict=[{"days": ["sat", "sun"], "open": "00:00", "close": "24:00"}])

    found = shifts("2026-01-09T00:00Z", "2026-01-15T00:00Z", weekend)

    assert [(s[0], s[1]) for s in found] == [(at("2026-01-10T00:00Z"), at("2026-01-12T00:00Z"))]


def test_an_empty_place_keeps_the_cadence_and_is_a_gap() -> None:
    found = shifts("2026-01-05T09:00Z", "2026-01-26T09:00Z", layer(responders=["ana", None, "chika"]))

    assert [s[2] for s in found] == ["ana", "chika"]
    assert found[1][0] == at("2026-01-19T09:00Z")


def test_an_empty_place_hides_the_layer_below_unless_it_falls_through() -> None:
    below = layer("below", responders=["dara"])
    above = layer("above", responders=["ana", None])

    hidden = who("2026-01-12T09:00Z", "2026-01-19T09:00Z", below, above)
    shown = who("2026-01-12T09:00Z", "2026-01-19T09:00Z", below, {**above, "fallthrough": True})

    assert (hidden, shown) == ([], ["dara"])


def test_a_later_layer_wins_only_where_it_covers() -> None:
    day = layer("day", responders=["eve"], restrict=[{"days": ["mon"], "open": "10:00", "close": "12:00"}])

    found = shifts("2026-01-05T09:00Z", "2026-01-05T13:00Z", layer(), day)

    assert [(s[2], s[3]) for s in found] == [("ana", "weekly"), ("eve", "day"), ("ana", "weekly")]


def test_a_layer_holds_from_its_start_to_its_end() -> None:
    bounded = layer("bounded", responders=["eve"], start="2026-01-06T00:00:00Z", end="2026-01-07T00:00:00Z")

    assert who("2026-01-05T09:00Z", "2026-01-08T00:00Z", layer(), bounded) == ["ana", "eve", "ana"]


def test_turns_without_covered_time_use_up_a_responder_only_when_the_calendar_counts() -> None:
    weekdays = {"restrict": [{"days": ["mon", "tue", "wed", "thu", "fri"], "open": "09:00", "close": "17:00"}]}
    people: list[str | None] = ["ana", "ben", "chika"]
    span = ("2026-01-09T00:00Z", "2026-01-14T00:00Z")

    calendar = who(*span, turns("day", 1, "2026-01-05T00:00", people, **weekdays))
    active = who(*span, turns("day", 1, "2026-01-05T00:00", people, count="active", **weekdays))

    assert calendar == ["ben", "ben", "chika"]
    assert active == ["ben", "chika", "ana"]


def test_a_window_ends_with_the_last_of_an_hour_that_occurs_twice_and_begins_with_the_first() -> None:
    night = {"restrict": [{"days": ["sun"], "open": "02:15", "close": "02:45"}]}

    found = shifts("2026-10-24T12:00Z", "2026-10-25T12:00Z", layer(**night), zone="Europe/Berlin")

    assert [(s[0], s[1]) for s in found] == [(at("2026-10-25T00:15Z"), at("2026-10-25T01:45Z"))]


def test_a_turn_whose_only_window_falls_into_the_gap_uses_up_nobody_when_active_turns_count() -> None:
    restrict = [
        {"days": ["sun"], "open": "02:15", "close": "02:45"},
        {"days": ["mon"], "open": "09:00", "close": "17:00"},
    ]
    daily = turns("day", 1, "2026-03-22T00:00", ["ana", "ben", "chika"], restrict=restrict, count="active")

    found = who("2026-03-22T00:00+01:00", "2026-03-31T00:00+02:00", daily, zone="Europe/Berlin")
    later = who("2026-03-30T00:00+02:00", "2026-03-31T00:00+02:00", daily, zone="Europe/Berlin")

    assert (found, later) == (["ana", "ben", "chika"], ["chika"])


ALL_WEEK = ("2026-01-05T09:00Z", "2026-01-19T09:00Z")


def override(name: str, responder: str, start: str, end: str, replaces: str | None = None) -> Override:
    return Override(name, responder, at(start), at(end), replaces)


def test_an_override_covers_its_whole_span_and_gaps_too() -> None:
    one = override("o1", "dara", "2026-01-04T00:00Z", "2026-01-06T00:00Z")

    found = shifts("2026-01-03T00:00Z", "2026-01-07T00:00Z", layer(), overrides=[one])

    assert [(s[0], s[2], s[3]) for s in found] == [
        (at("2026-01-04T00:00Z"), "dara", "o1"),
        (at("2026-01-06T00:00Z"), "ana", "weekly"),
    ]


def test_replacing_someone_takes_only_that_ones_time_and_gaps_stay_gaps() -> None:
    one = override("o1", "dara", "2026-01-01T00:00Z", "2026-02-01T00:00Z", replaces="ben")

    found = shifts("2026-01-01T00:00Z", "2026-01-20T00:00Z", layer(), overrides=[one])

    assert [s[2] for s in found] == ["ana", "dara", "chika"]
    assert found[0][0] == at("2026-01-05T09:00Z")


def test_the_last_created_wins_and_without_it_the_earlier_holds_again() -> None:
    first = override("o1", "dara", *ALL_WEEK)
    second = override("o2", "eve", "2026-01-07T00:00Z", "2026-01-08T00:00Z")

    assert who(*ALL_WEEK, layer(), overrides=[first, second]) == ["dara", "eve", "dara"]
    assert who(*ALL_WEEK, layer(), overrides=[first]) == ["dara"]


def test_overrides_do_not_chain() -> None:
    first = override("o1", "dara", *ALL_WEEK, replaces="ana")
    second = override("o2", "eve", *ALL_WEEK, replaces="dara")

    assert who(*ALL_WEEK, layer(), overrides=[first, second]) == ["dara", "ben"]


def test_an_answer_names_its_source_its_end_and_who_comes_next() -> None:
    schedule = Schedule.model_validate({"id": "s", "time_zone": "UTC", "layers": [layer()]})

    answer = on_call(plan_of(schedule), at("2026-01-05T09:00Z"))

    assert (answer.responder, answer.source, answer.until) == ("ana", "weekly", at("2026-01-12T09:00Z"))
    assert answer.upcoming is not None
    assert (answer.upcoming.responder, answer.upcoming.start) == ("ben", at("2026-01-12T09:00Z"))


def test_in_a_gap_the_answer_names_the_layer_with_the_empty_place_and_who_ends_it() -> None:
    schedule = Schedule.model_validate({"id": "s", "time_zone": "UTC", "layers": [layer(responders=[None, "ben"])]})

    answer = on_call(plan_of(schedule), at("2026-01-06T00:00Z"))

    assert (answer.responder, answer.source, answer.until) == (None, "weekly", at("2026-01-12T09:00Z"))


def test_one_responder_for_ever_has_no_end() -> None:
    schedule = Schedule.model_validate({"id": "s", "time_zone": "UTC", "layers": [layer(responders=["ana"])]})

    assert on_call(plan_of(schedule), at("2026-01-06T00:00Z")).until is None


def test_coverage_and_gaps_add_up() -> None:
    plan = plan_of(
        Schedule.model_validate({"id": "s", "time_zone": "UTC", "layers": [layer(responders=["ana", None])]})
    )
    start, end = at("2026-01-05T09:00Z"), at("2026-01-19T09:00Z")

    found = render(plan, start, end)

    assert coverage_percent(found, start, end) == 50.0
    assert [(gap.start, gap.end) for gap in gaps(found, start, end)] == [(at("2026-01-12T09:00Z"), end)]
