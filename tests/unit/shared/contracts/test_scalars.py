"""Durations, instants and text as the contract spells them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.contracts.scalars import (
    Duration,
    Instant,
    LanguageTag,
    Region,
    SafeText,
    format_duration,
    format_instant,
    parse_duration,
)

INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT4H", 14400), ("P1D", 86400), ("P2W", 1209600), ("PT1H30M", 5400), ("PT0.2S", 0.2), (90, 90), (0.5, 0.5)],
)
def test_durations_are_physical_seconds(text: str | float, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1Y", "P1M", "4h", "04:00", "PT-4H", "P1DT", True, float("nan"), 1e300]
)
def test_what_is_no_duration_is_refused(text: str | float) -> None:
    with pytest.raises(ValueError, match=r"duration|seconds"):
        parse_duration(text)


@given(
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000)).map(
        lambda d: timedelta(seconds=int(d.total_seconds()))
    )
)
def test_a_formatted_duration_reads_back_the_same(value: timedelta) -> None:
    assert parse_duration(format_duration(value)) == value


def test_instants_are_answered_in_utc() -> None:
    berlin = datetime(2026, 11, 22, 18, 0, tzinfo=timezone(timedelta(hours=1)))
    assert format_instant(berlin) == "2026-11-22T17:00:00Z"
    assert INSTANT.validate_python("2026-11-22T18:00:00+01:00") == datetime(2026, 11, 22, 17, tzinfo=UTC)
    assert INSTANT.dump_json(berlin) == b'"2026-11-22T17:00:00Z"'


@pytest.mark.parametrize(
    "bad",
    ["2026-11-22", "2026-11-22T17:00:00", "now", 1763830800, "0001-01-01T00:00:00+14:00", "2026-11-22T17:00Z", None],
)
def test_a_time_without_offset_or_of_another_form_is_refused(bad: object) -> None:
    with pytest.raises(ValidationError):
        INSTANT.validate_python(bad)


@pytest.mark.parametrize("tag", ["en", "es-419", "hi-Latn", "zh-Hant-TW", "und", "sr-Cyrl", "ckb"])
def test_languages_are_bcp_47(tag: str) -> None:
    assert TypeAdapter(LanguageTag).validate_python(tag) == tag


@pytest.mark.parametrize("tag", ["", "e", "english", "es_MX", "es-", "x" * 40, "en-\x00"])
def test_what_is_no_language_is_refused(tag: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(LanguageTag).validate_python(tag)


@pytest.mark.parametrize("region", ["mx", "MEX", "", "M1"])
def test_regions_are_two_capitals(region: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Region).validate_python(region)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x\udfff"])
def test_text_that_cannot_be_stored_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match=r"NUL or unpaired|valid string"):
        TypeAdapter(SafeText).validate_python(text)


def test_durations_are_iso_in_json() -> None:
    assert TypeAdapter(Duration).dump_json(timedelta(hours=4)) == b'"PT4H"'
