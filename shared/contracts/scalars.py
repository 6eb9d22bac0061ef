"""Scalars of the contract: instants, durations, languages, regions, and text that PostgreSQL can hold."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, PlainSerializer, WithJsonSchema

_ISO_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+(?:\.\d+)?)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_LANGUAGE = re.compile(
    r"[A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?(-[A-Za-z0-9]{4,8})*(-[A-Wa-wY-Zy-z0-9](-[A-Za-z0-9]{2,8})+)*(-x(-[A-Za-z0-9]{1,8})+)?"
)
_REGION = re.compile(r"[A-Z]{2}")
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


def parse_duration(value: str | float | timedelta) -> timedelta:
    """ISO 8601 text without years and months (`PT4H`, `P1D` is 86,400 s) or plain seconds; else `ValueError`."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool):
        raise ValueError("a duration is ISO 8601 (PT4H) or a number of seconds")
    if isinstance(value, int | float):
        return _seconds(value)
    if not isinstance(value, str):
        raise ValueError("a duration is ISO 8601 (PT4H) or a number of seconds")
    match = _ISO_DURATION.fullmatch(value)
    if match is None or not any(match.groups()) or value.endswith("T"):
        raise ValueError(f"{value!r} is not an ISO 8601 duration such as PT4H, P1D or PT1H30M")
    parts = {name: float(number) for name, number in match.groupdict().items() if number}
    try:
        return timedelta(**parts)
    except OverflowError:
        raise ValueError("the duration is too long") from None


def _seconds(value: float) -> timedelta:
    try:
        return timedelta(seconds=float(value))
    except (OverflowError, ValueError):
        raise ValueError("the number of seconds is out of range") from None


def format_duration(value: timedelta) -> str:
    """The shortest ISO 8601 form in hours, minutes and seconds; whole days stay days (`P1D`)."""
    total = value.total_seconds()
    if total and total % 86400 == 0:
        return f"P{int(total // 86400)}D"
    hours, rest = divmod(total, 3600)
    minutes, seconds = divmod(rest, 60)
    text = "".join(f"{number:g}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if number)
    return f"PT{text or '0S'}"


def format_instant(value: datetime) -> str:
    """RFC 3339 in UTC with `Z`, microseconds only where there are any."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _instant_from(value: Any) -> Any:
    if isinstance(value, str) and not _RFC3339.fullmatch(value):
        raise ValueError("a time is RFC 3339 with an offset, such as 2026-11-22T17:00:00Z")
    if not isinstance(value, str | datetime):
        raise ValueError("a time is a string, RFC 3339 with an offset, such as 2026-11-22T17:00:00Z")
    return value


_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time is out of range") from None


def safe_text(value: str) -> str:
    """Refuse NUL and unpaired surrogates: PostgreSQL and UTF-8 cannot hold them."""
    if _FORBIDDEN.search(value):
        raise ValueError("text must not hold NUL or unpaired surrogates; remove them")
    return value


def _language(value: str) -> str:
    if len(value) > 35 or not _LANGUAGE.fullmatch(value):
        raise ValueError("a language is a BCP 47 tag such as es-419, or und when unknown")
    return value


def _region(value: str) -> str:
    if not _REGION.fullmatch(value):
        raise ValueError("a region is two upper-case letters, ISO 3166-1 alpha-2, or ZZ when unknown")
    return value


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_instant_from),
    AfterValidator(_to_utc),
    PlainSerializer(format_instant, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "duration"}, {"type": "number"}]}),
]
SafeText = Annotated[str, AfterValidator(safe_text)]
LanguageTag = Annotated[str, AfterValidator(_language)]
Region = Annotated[str, AfterValidator(_region)]
