"""How a dead letter is shown: as lines for a person, as JSON for a program; what people wrote is masked. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson

from services.client.words import plain
from shared.bus.dead_letters import Listed
from shared.bus.records import Record
from shared.contracts.vocabulary import ServiceName

WRITTEN_BY_PEOPLE = {"address", "addresses", "description", "email", "name", "note", "root_cause", "summary", "text"}
"""Fields whose content is left out unless the raw record is asked for."""

HEADERS_SHOWN = ("ce_", "content-type", "traceparent", "tocsin_")


@dataclass(frozen=True)
class Found:
    """A dead letter of one service, and with `show` its record and what waits behind it."""

    service: ServiceName
    letter: Listed
    record: Record | None = None
    waiting: Sequence[tuple[Record, datetime]] = ()


def as_json(found: Found, *, raw: bool = False) -> dict[str, Any]:
    """For a program; bytes that are no text are escaped."""
    shown = {"service": found.service.value, **asdict(found.letter)}
    if found.record is None:
        return shown
    waiting = [{"offset": record.offset, "type": kind_of(record), "parked_at": at} for record, at in found.waiting]
    return {**shown, "headers": headers_of(found.record, raw=raw), "value": value_of(found.record, raw=raw)} | {
        "parked_events": waiting
    }


def line(found: Found) -> str:
    """One line of the list."""
    letter = found.letter
    behind = f", {letter.parked} parked behind it" if letter.parked else ""
    where = f"{letter.topic}/{letter.partition}@{letter.offset}"
    said = plain(letter.error)[:100]
    return (
        f"{letter.id}  {letter.created_at:%Y-%m-%d %H:%M:%S}Z  {found.service}  {letter.state}  {letter.reason}"
        f"  {where}  {plain(letter.key or '(no key)')[:60]}{behind}  {said}"
    )


def page(found: Found, *, raw: bool) -> list[str]:
    """All that is known of one."""
    assert found.record is not None
    letter = found.letter
    lines = [
        f"dead letter  {letter.id}",
        f"service      {found.service}",
        f"state        {letter.state}",
        f"since        {letter.created_at:%Y-%m-%d %H:%M:%S}Z",
        f"record       {letter.topic}, partition {letter.partition}, offset {letter.offset}",
        f"key          {plain(letter.key or '(cannot be read)')}",
        f"reason       {letter.reason}",
        f"error        {plain(letter.error)}",
        "headers",
        *(f"  {plain(name)}: {plain(value)}" for name, value in headers_of(found.record, raw=raw).items()),
        "value" if raw else "value (what people wrote is left out; --raw shows it)",
        *(f"  {text}" for text in _value_lines(value_of(found.record, raw=raw))),
        f"parked behind it: {letter.parked}",
        *(f"  {at:%Y-%m-%d %H:%M:%S}Z  offset {record.offset}  {kind_of(record)}" for record, at in found.waiting),
    ]
    more = letter.parked - len(found.waiting)
    return [*lines, f"  and {more} more"] if more > 0 else lines


def kind_of(record: Record) -> str:
    """The event's type and number, as its headers say."""
    headers = headers_of(record, raw=False)
    return plain(f"{headers.get('ce_type', 'unknown')} {headers.get('ce_sequence', '')}".strip())


def headers_of(record: Record, *, raw: bool) -> dict[str, str]:
    """Headers as text; those that Tocsin does not know only as part of the raw record."""
    return {
        name: (value or b"").decode("utf-8", "backslashreplace")
        for name, value in record.headers
        if raw or name.startswith(HEADERS_SHOWN)
    }


def value_of(record: Record, *, raw: bool) -> Any:
    """The value as JSON where it is; else its text if it is asked for, or how much there is of it."""
    value = record.value or b""
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value.decode("utf-8", "backslashreplace") if raw else f"{len(value)} bytes that are not JSON"
    return found if raw else masked(found)


def masked(value: Any) -> Any:
    """Without what people wrote: each such text becomes its length."""
    if isinstance(value, dict):
        return {key: _left_out(item) if key in WRITTEN_BY_PEOPLE else masked(item) for key, item in value.items()}
    return [masked(item) for item in value] if isinstance(value, list) else value


def _left_out(value: Any) -> Any:
    if isinstance(value, str):
        return f"({len(value)} characters left out)"
    return [_left_out(item) for item in value] if isinstance(value, list) else masked(value)


def _value_lines(value: Any) -> list[str]:
    text = value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return [plain(text_line) for text_line in text.splitlines()]
