"""Services of the last release read what today's services send, and what they send is still read.

`released/<version>` holds the event models as they were; CONTRIBUTING says how a release freezes its own.
"""

import importlib
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from shared.contracts.registry import EVENT_TYPES
from tests.support.reading_back import refused
from tests.support.samples import sample

RELEASES = sorted(path.name for path in (Path(__file__).parent / "released").glob("v*"))


def models(release: str) -> dict[str, Any]:
    """The event types of a release by name."""
    found: dict[str, Any] = importlib.import_module(f"tests.contract.released.{release}.registry").EVENT_TYPES
    return found


CASES = [(release, name) for release in RELEASES for name in sorted(models(release))]


def test_there_is_a_release() -> None:
    assert RELEASES


@pytest.mark.parametrize(("release", "event_type"), CASES)
def test_a_reader_of_that_release_takes_what_is_sent_today(release: str, event_type: str) -> None:
    payload = sample(event_type).payload()
    told = models(release)[event_type].model_validate_json(payload)
    assert not missing(json.loads(told.payload()), json.loads(payload))


@pytest.mark.parametrize(("release", "event_type"), CASES)
def test_nothing_that_could_be_sent_today_is_refused(release: str, event_type: str) -> None:
    sent = EVENT_TYPES[event_type].model_json_schema(mode="serialization")
    assert refused(sent, models(release)[event_type].model_json_schema(mode="validation")) == []


@pytest.mark.parametrize(("release", "event_type"), CASES)
def test_nothing_that_it_sends_is_refused_today(release: str, event_type: str) -> None:
    read = EVENT_TYPES[event_type].model_json_schema(mode="validation")
    read = optional(read, models(release)[event_type].model_json_schema(mode="serialization"))
    sent = models(release)[event_type].model_json_schema(mode="serialization")
    assert refused(sent, read) == []


def missing(told: Any, sent: Any, path: str = "") -> list[str]:
    """Where what was read says otherwise than what was sent."""
    if isinstance(told, dict):
        return [p for key in told for p in missing(told[key], sent.get(key), f"{path}.{key}")]
    if isinstance(told, list):
        return [p for at, one in enumerate(told) for p in missing(one, sent[at], f"{path}[{at}]")]
    return [] if told == sent else [path]


def optional(read: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Without the fields that the sender does not know yet and the reader does not demand."""
    known = sent.get("$defs", {})
    pairs = [(read, sent), *((shape, known.get(name, {})) for name, shape in read.get("$defs", {}).items())]
    for shape, before in pairs:
        for name in set(shape.get("properties", {})) - set(before.get("properties", {})):
            if before and name not in shape.get("required", ()):
                del shape["properties"][name]
    return read


class Before(BaseModel):
    """What a reader of an earlier release knows."""

    name: str
    state: Literal["open", "closed"]
    count: int
    note: str | None = None
    tags: list[str] = []


FORBIDDEN: dict[str, dict[str, Any]] = {
    "removed": {"note": ...},
    "another type": {"count": (str, ...)},
    "may be null": {"name": (str | None, ...)},
    "another value": {"state": (Literal["open", "closed", "held"], ...)},
    "any text": {"state": (str, ...)},
    "items": {"tags": (list[int], ...)},
}


def changed(fields: dict[str, Any]) -> dict[str, Any]:
    """The schema of what is sent, with these fields in the place of the earlier ones."""
    annotations = {name: field.annotation for name, field in Before.model_fields.items()}
    annotations |= {name: value[0] for name, value in fields.items() if value is not ...}
    kept = {name: annotation for name, annotation in annotations.items() if fields.get(name) is not ...}
    after = type("After", (BaseModel,), {"__annotations__": kept})
    schema: dict[str, Any] = after.model_json_schema(mode="serialization")
    return schema


@pytest.mark.parametrize("fields", FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_an_earlier_reader_would_refuse_is_found(fields: dict[str, Any]) -> None:
    assert refused(changed(fields), Before.model_json_schema(mode="validation"))


@pytest.mark.parametrize("fields", [{}, {"more": (dict[str, int], ...)}, {"state": (Literal["open"], ...)}])
def test_what_it_takes_passes(fields: dict[str, Any]) -> None:
    assert refused(changed(fields), Before.model_json_schema(mode="validation")) == []
