"""Events, their schemas and the golden corpus agree."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.contracts import generate
from shared.contracts.registry import EVENT_TYPES
from tests.support.samples import sample

GOLDEN = Path(__file__).parent / "golden"
CONTRACT_TYPES = {
    *(
        f"tocsin.case.{n}"
        for n in [
            "opened",
            "report_added",
            "acknowledged",
            "pended",
            "resumed",
            "noted",
            "update_posted",
            "action_proposed",
            "action_taken",
            "reclassified",
            "transferred",
            "resolved",
            "reopened",
            "snapshot",
        ]
    ),
    *(
        f"tocsin.assignment.{n}"
        for n in ["offered", "accepted", "declined", "expired", "released", "waiting", "unroutable"]
    ),
    "tocsin.staffing.gap",
    "tocsin.exposure.infeasible",
    *(
        f"tocsin.clock.{n}"
        for n in [
            "started",
            "paused",
            "resumed",
            "retargeted",
            "warned",
            "met",
            "breached",
            "stopped",
            "rescinded",
            "cancelled",
        ]
    ),
    *(
        f"tocsin.page.{n}"
        for n in ["triggered", "updated", "escalated", "attempted", "acknowledged", "resolved", "exhausted"]
    ),
}


def test_every_type_of_the_contract_exists_and_no_other() -> None:
    assert set(EVENT_TYPES) == CONTRACT_TYPES


def test_checked_in_schemas_are_those_of_the_code() -> None:
    written = {
        str(path.relative_to(generate.HERE)): path.read_text(encoding="utf-8")
        for path in [*(generate.HERE / "schemas").glob("*.json"), generate.HERE / "asyncapi.yaml"]
    }
    assert written == generate.render(), "run `make contracts`"


@pytest.mark.parametrize("event_type", sorted(CONTRACT_TYPES))
def test_what_is_sent_fits_its_schema(event_type: str) -> None:
    schema = json.loads((generate.HERE / "schemas" / f"{event_type}.1.json").read_text(encoding="utf-8"))
    value = json.loads(sample(event_type).payload())
    Draft202012Validator(schema).validate(value)
    assert not unknown_fields(value, schema, schema), "a field that the schema does not know"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda p: p.stem)
def test_every_event_ever_released_is_still_read(path: Path) -> None:
    event_type = type_of(path)
    stored = json.loads(path.read_text(encoding="utf-8"))
    event = EVENT_TYPES[event_type].model_validate(stored)
    assert lost(stored, json.loads(event.payload())) == []


def test_the_corpus_has_every_type() -> None:
    assert {type_of(path) for path in GOLDEN.glob("*.json")} == CONTRACT_TYPES


@pytest.mark.parametrize("event_type", sorted(CONTRACT_TYPES))
def test_a_reader_takes_fields_that_it_does_not_know(event_type: str) -> None:
    value = json.loads(sample(event_type).payload())
    value["from_the_future"] = value["actor"]["from_the_future"] = 1
    assert EVENT_TYPES[event_type].model_validate(value) == sample(event_type)


@pytest.mark.parametrize("event_type", sorted(CONTRACT_TYPES))
def test_no_event_can_carry_what_stays_in_intake(event_type: str) -> None:
    shapes = generate.schema_of(EVENT_TYPES[event_type]).get("$defs", {})
    of_cases = {name: shape for name, shape in shapes.items() if name != "ClockView"}  # its evidence is a state
    named = {field for shape in of_cases.values() for field in shape.get("properties", {})}
    assert named.isdisjoint({"description", "evidence", "reporter", "note", "email", "phone", "destination"})


def type_of(path: Path) -> str:
    """`<type>.<version>.json`, or `<type>.<version>.<release>.json` where a release added fields."""
    return max((name for name in EVENT_TYPES if path.name.startswith(f"{name}.")), key=len)


def unknown_fields(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> list[str]:
    """Paths in `value` for which `schema` names no property."""
    if "$ref" in schema:
        return unknown_fields(value, root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root)
    if "anyOf" in schema:
        return min((unknown_fields(value, option, root) for option in schema["anyOf"]), key=len)
    if isinstance(value, list):
        return [f for item in value for f in unknown_fields(item, schema.get("items", {}), root)]
    if not isinstance(value, dict) or "additionalProperties" in schema:
        return []
    known = schema.get("properties", {})
    inside = [f"{k}.{f}" for k, v in value.items() if k in known for f in unknown_fields(v, known[k], root)]
    return [k for k in value if k not in known] + inside


def lost(before: Any, after: Any, path: str = "") -> list[str]:
    """Where `after` no longer says what `before` said."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [p for key in before for p in lost(before[key], after.get(key, _MISSING), f"{path}.{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [p for i, pair in enumerate(zip(before, after, strict=True)) for p in lost(*pair, f"{path}[{i}]")]
    return [] if before == after else [path]


_MISSING = object()
