"""What a clock's due rests on, said of clocks of every kind."""

from typing import Any

import pytest

from services.sla_monitor.explaining import MAX_SPANS, explained, hours_of
from shared.config.calendars import CalendarSpec
from shared.config.holidays import library_version
from tests.unit.sla_monitor.rules import SLA, Bench, rules
from tests.unit.sla_monitor.tale import T0, Tale, minutes

LAW = {
    "id": "eu.notice", "jurisdiction": "EU", "basis": "Art. 16", "trigger": "report", "target": "PT24H",
    "certainty": "high", "source": "eur-lex", "verified_on": "2026-11-22",
}  # fmt: skip


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (["mon", "tue", "wed", "thu", "fri"], "mon-fri"),
        (["sun", "sat"], "sat sun"),
        (["mon", "wed", "fri"], "mon wed fri"),
        (["thu"], "thu"),
    ],
)
def test_days_are_said_shortly(days: list[str], said: str) -> None:
    window = {"days": days, "open": "22:00", "close": "06:00"}

    assert hours_of(CalendarSpec.model_validate({"time_zone": "UTC", "weekly": [window]})) == (f"{said} 22:00-06:00",)


def test_the_holidays_of_a_calendar_are_named_with_their_library() -> None:
    book = rules("v", calendars={"berlin": {**SLA["calendars"]["berlin"], "holidays": "DE-BE"}})
    tale = Tale(severity="low").opened()
    clock = Bench(tale, book).hears(tale.told, now=T0).clock("resolve")

    calendar = explained(clock, book, T0).explanation.calendar  # type: ignore[union-attr]

    assert calendar is not None
    assert (calendar.holidays, calendar.holiday_library) == ("DE-BE", library_version())


def test_a_law_without_hours_is_labelled_as_the_organisation_s_own_target() -> None:
    book = rules("v", regulatory=[{**LAW, "kind": "internal"}])
    tale = Tale().opened()
    clock = Bench(tale, book).hears(tale.told, now=T0).clock("eu.notice")

    view = explained(clock, book, T0)

    assert view.kind == "internal"
    assert view.explanation is not None
    assert view.explanation.definition.label == "internal target: the law gives no hours"
    assert view.explanation.definition.basis == "Art. 16"


def test_a_clock_of_many_days_shows_the_first_of_its_spans_and_says_so() -> None:
    book = rules("v", internal={"resolve": {"critical": {"target": "PT800H", "calendar": "berlin"}}})
    tale = Tale().opened()
    clock = Bench(tale, book).hears(tale.told, now=T0).clock("resolve")

    why = explained(clock, book, T0).explanation

    assert why is not None
    assert (len(why.open), why.open_complete) == (MAX_SPANS, False)


@pytest.mark.parametrize(
    ("dates", "runs"),
    [
        ({"effective_from": "2026-11-23"}, True),
        ({"effective_from": "2026-11-24"}, False),
        ({"effective_to": "2026-11-23"}, True),
        ({"effective_to": "2026-11-22"}, False),
        ({"effective_from": "2026-01-01", "effective_to": "2026-12-31"}, True),
    ],
)
def test_a_law_counts_on_both_of_its_dates_and_between(dates: dict[str, Any], runs: bool) -> None:
    book = rules("v", regulatory=[{**LAW, **dates}])
    tale = Tale().opened()

    assert ("eu.notice" in Bench(tale, book).hears(tale.told, now=minutes(1)).names()) is runs
