"""What a valid directory becomes: YAML by core rules, defaults, durations, and a version of the contents."""

from datetime import date, datetime, timedelta

import pytest

from shared.config.document import read
from shared.config.loading import load
from shared.config.models import Configuration
from shared.config.regions import covers
from shared.config.sla import LegalClock, StopActions
from shared.contracts.vocabulary import ClockKind, PrincipalKind, ReporterType, Severity
from tests.support.example_config import SHIPPED, Example

DESK = {"en", "es", "fr", "de", "pt", "ja", "hi", "th", "ko", "ur"}


@pytest.fixture(scope="module")
def shipped() -> Configuration:
    return load(SHIPPED)


def clock(configuration: Configuration, name: str) -> LegalClock:
    return next(entry for entry in configuration.sla.regulatory if entry.id == name)


def test_yaml_is_read_by_core_rules() -> None:
    text = b"{a: NO, b: 22:00, c: 2026-12-25, d: yes, e: 0o17, f: 017, g: 1_000, h: ~, i: true, j: 1e3, k: '5', l: on}"

    assert read("x.yaml", text).data == {
        "a": "NO",
        "b": "22:00",
        "c": "2026-12-25",
        "d": "yes",
        "e": 15,
        "f": 17,
        "g": "1_000",
        "h": None,
        "i": True,
        "j": 1000.0,
        "k": "5",
        "l": "on",
    }


def test_norway_is_a_region_without_quotes(example: Example) -> None:
    example.replace("roster", "regions: [BR, PT, MX]", "regions: [NO, SE]")

    assert example.load().roster.specialists[0].regions == ("NO", "SE")


def test_a_window_may_be_written_without_quotes(example: Example) -> None:
    example.replace("roster", 'open: "22:00", close: "06:00"', "open: 22:00, close: 06:00")

    priya = next(s for s in example.load().roster.specialists if s.id == "priya")
    assert priya.shifts != "always"
    assert (priya.shifts.weekly[0].open, priya.shifts.weekly[0].close) == ("22:00", "06:00")


def test_durations_are_iso_8601_or_seconds_and_may_be_tiny(example: Example) -> None:
    example.replace("sla", "acknowledge:  {critical: PT5M, high: PT30M", "acknowledge:  {critical: PT0.2S, high: 90")

    acknowledge = example.load().sla.internal.acknowledge
    assert acknowledge[Severity.CRITICAL].target == timedelta(milliseconds=200)
    assert acknowledge[Severity.HIGH].target == timedelta(seconds=90)


def test_a_target_may_name_its_calendar(shipped: Configuration) -> None:
    low = shipped.sla.internal.resolve[Severity.LOW]

    assert (low.target, low.calendar) == (timedelta(hours=24), "berlin")
    assert shipped.sla.internal.resolve[Severity.HIGH].calendar is None


def test_a_severity_left_out_has_no_internal_clock(shipped: Configuration) -> None:
    assert set(shipped.sla.internal.update) == {Severity.CRITICAL, Severity.HIGH}


def test_maps_by_severity_in_routing_are_always_complete(example: Example) -> None:
    example.replace(
        "routing",
        "offer_timeout: {critical: PT60S, high: PT5M, medium: PT5M, low: PT5M}",
        "offer_timeout: {high: PT2S}",
    )

    timeouts = example.load().routing.offer_timeout
    assert timeouts[Severity.HIGH] == timedelta(seconds=2)
    assert timeouts[Severity.CRITICAL] == timedelta(seconds=60)


def test_a_removal_order_has_its_hour(shipped: Configuration) -> None:
    order = clock(shipped, "eu.tco.art3")

    assert (order.target, order.kind, order.trigger) == (timedelta(hours=1), ClockKind.REGULATORY, "legal_order")
    assert order.stop == StopActions(actions=("remove", "withhold_in_country"))
    assert order.suspended_by == ("force_majeure", "clarification")


def test_a_law_without_hours_is_labelled_internal(shipped: Configuration) -> None:
    notice = clock(shipped, "eu.dsa.art22")

    assert notice.kind is ClockKind.INTERNAL
    assert notice.reporter_type is ReporterType.TRUSTED_FLAGGER


def test_a_legal_clock_holds_from_its_first_to_its_last_day(shipped: Configuration) -> None:
    law = clock(shipped, "us.take-it-down")

    assert not law.in_force(date(2026, 5, 18))
    assert law.in_force(date(2026, 5, 19))
    assert not clock(shipped, "de.netzdg").in_force(date(2026, 5, 19))


def test_an_anchor_is_local_wall_time(shipped: Configuration) -> None:
    [backup] = [schedule for schedule in shipped.oncall.schedules if schedule.id == "safety-backup"]

    assert backup.layers[0].rotation.anchor == datetime(2026, 1, 5, 9, 0)  # noqa: DTZ001 - it has no zone
    assert backup.model_dump(mode="json")["layers"][0]["rotation"]["anchor"] == "2026-01-05T09:00"


def test_rates_have_a_default_by_kind(shipped: Configuration) -> None:
    rates = {principal.kind: principal.rate for principal in shipped.access.principals}

    assert rates == {PrincipalKind.SOURCE: 500, PrincipalKind.PERSON: 100}


def test_the_version_changes_with_the_contents_and_not_with_the_place(example: Example, shipped: Configuration) -> None:
    assert example.load().version == shipped.version

    example.append("routing", "# a remark\n")

    assert example.load().version != shipped.version


def test_the_shipped_roster_speaks_the_languages_of_the_desk_at_any_hour(shipped: Configuration) -> None:
    always = [s for s in shipped.roster.specialists if s.shifts == "always"]

    assert {tag for s in always for tag, level in s.languages.items() if level >= 2} >= DESK
    assert all({"terrorism", "child_safety"} <= set(s.certifications) for s in always)
    assert not any("is" in s.languages for s in shipped.roster.specialists)


def test_every_specialist_is_a_principal_who_may_work(shipped: Configuration) -> None:
    principals = {principal.id: principal for principal in shipped.access.principals}

    for specialist in shipped.roster.specialists:
        assert principals[specialist.id].kind is PrincipalKind.PERSON
        assert {"cases:write", "routing:write"} <= set(principals[specialist.id].scopes)


@pytest.mark.parametrize(
    ("configured", "region", "covered"),
    [
        (["EU"], "DE", True),
        (["EU"], "NO", False),
        (["EEA"], "NO", True),
        (["any"], "JP", True),
        (["MX"], "BR", False),
        ([], "BR", False),
        (["MX"], "ZZ", True),
    ],
)
def test_regions_and_their_groups(configured: list[str], region: str, covered: bool) -> None:
    assert covers(configured, region) is covered
