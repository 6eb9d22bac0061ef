"""Reads escalations as people keep them: one JSON object, an array, `{"items": […]}`, or one object a line.

Pure: bytes in, items out. Every item keeps its place in the file, so that a refusal can name it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from shared.errors import TocsinError

BATCH_ITEMS = 500
BATCH_BYTES = 7 * 1024 * 1024


class Unreadable(TocsinError):
    """The file as a whole is neither JSON nor JSON lines; the message says where it fails."""


@dataclass(frozen=True)
class Item:
    """One escalation: its place (`line 7` or `item 3`), its JSON, or why it has none."""

    index: int
    place: str
    external_id: str | None = None
    content: bytes = b""
    fault: str | None = None


def read_items(data: bytes) -> list[Item]:
    """The escalations of a file, in order. An unreadable line is an item with a fault; items count from 0."""
    text = _text(data)
    if not text.strip():
        return []
    try:
        whole = _loads(text)
    except ValueError as error:
        return _lines(text, error)
    values = _values(whole)
    return [_item(index, f"item {index}", value) for index, value in enumerate(values)]


def batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Items in order, at most 500 and 7 MiB at a time: below the limits of the batch endpoint."""
    batch: list[Item] = []
    size = 0
    for item in items:
        if batch and (len(batch) == BATCH_ITEMS or size + len(item.content) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.content) + 1
    if batch:
        yield batch


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def _values(whole: Any) -> list[Any]:
    if isinstance(whole, list):
        return whole
    if isinstance(whole, dict) and isinstance(whole.get("items"), list) and "external_id" not in whole:
        return list(whole["items"])
    return [whole]


def _lines(text: str, error: ValueError) -> list[Item]:
    """One item a line, when at least one line is an object of its own; else the fault of the whole file."""
    items: list[Item] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            items.append(_line(len(items), f"line {number}", line))
    if text.lstrip().startswith("[") or all(item.fault for item in items):
        raise Unreadable(f"not JSON ({_where(error)}); give one object, an array, or one object a line")
    return items


def _line(index: int, place: str, line: str) -> Item:
    try:
        return _item(index, place, _loads(line))
    except ValueError as error:
        return Item(index, place, fault=f"not JSON ({_where(error)})")


def _item(index: int, place: str, value: Any) -> Item:
    named = value.get("external_id") if isinstance(value, dict) else None
    external_id = named if isinstance(named, str) else None
    return Item(index, place, external_id, json.dumps(value, separators=(",", ":")).encode())


def _loads(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _where(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, line {error.lineno} column {error.colno}"
    return str(error)
