"""What every configuration model stands on: the base class, scalars of the files, and located errors.

Models here are reused by HTTP where a shape is the same, so an error names its place and says what
would be right in both.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from shared.contracts.scalars import Duration, SafeText

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,99}")
_WALL_TIME = re.compile(r"(?:([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?|24:00(:00)?)")
_LOCAL_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?")


class ConfigModel(BaseModel):
    """Immutable, and deaf to nothing: an unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def refuse(problems: Iterable[tuple[Sequence[str | int], str]]) -> None:
    """Raise one error for each (place below this model, message); nothing when there are none."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("rule", "{message}", {"message": message}), loc=tuple(place), input=None
        )
        for place, message in problems
    ]
    if details:
        raise ValidationError.from_exception_data("rule", details)


def repeated(values: Iterable[str]) -> list[tuple[int, str]]:
    """(index, value) of each value that stood before already."""
    seen: set[str] = set()
    found = []
    for index, value in enumerate(values):
        if value in seen:
            found.append((index, value))
        seen.add(value)
    return found


def seconds_of(wall: str) -> int:
    """Seconds after midnight of `09:00`, `09:00:30` or `24:00`."""
    hours, minutes, *rest = (int(part) for part in wall.split(":"))
    return hours * 3600 + minutes * 60 + sum(rest)


def _identifier(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError("an id is 1 to 100 letters, digits and . _ - @ : and begins with a letter or digit")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is no IANA time zone; write one such as Europe/Berlin") from None
    return value


def _close_time(value: str) -> str:
    if not _WALL_TIME.fullmatch(value):
        raise ValueError('a time of day is "HH:MM", from "00:00" to "24:00"')
    return value


def _open_time(value: str) -> str:
    if _close_time(value).startswith("24"):
        raise ValueError('a window cannot open at "24:00"; write "00:00" of the next day')
    return value


def _date(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else _no_date()
    except ValueError:
        return _no_date()


def _no_date() -> Any:
    raise ValueError("a date is a day of the calendar written YYYY-MM-DD")


def _local(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value
    if isinstance(value, str) and _LOCAL_DATE_TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError('a local time is "YYYY-MM-DDTHH:MM" without an offset, such as "2026-01-05T09:00"')


def _positive(value: Any) -> Any:
    if value.total_seconds() <= 0:
        raise ValueError("a duration here is longer than zero, such as PT5M")
    return value


def _not_negative(value: Any) -> Any:
    if value.total_seconds() < 0:
        raise ValueError("a duration here is zero or longer, such as PT0S or PT2M")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("a number is needed here, such as 0.25")
    return value


Id = Annotated[SafeText, AfterValidator(_identifier)]
Text = Annotated[SafeText, Field(min_length=1, max_length=2000)]
TimeZone = Annotated[str, Field(max_length=100), AfterValidator(_zone)]
OpenTime = Annotated[str, AfterValidator(_open_time)]
CloseTime = Annotated[str, AfterValidator(_close_time)]
Date = Annotated[date, BeforeValidator(_date)]
LocalDateTime = Annotated[
    datetime,
    BeforeValidator(_local),
    PlainSerializer(lambda at: at.isoformat(timespec="auto" if at.second else "minutes"), when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$"}),
]
PositiveDuration = Annotated[Duration, AfterValidator(_positive)]
Delay = Annotated[Duration, AfterValidator(_not_negative)]
Flag = StrictBool
Whole = StrictInt
Weight = Annotated[float, BeforeValidator(_number), Field(ge=0, le=1_000_000, allow_inf_nan=False)]
