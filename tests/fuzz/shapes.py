"""Documents of the shape that a JSON Schema describes, and the same with something wrong with them."""

import json
import random
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.mutating import STRANGE, places

Schema = Mapping[str, Any]

WORDS = st.sampled_from(
    ["ana", "violent_content", "BR", "es-419", "mon", "09:00", "Europe/Berlin", "env:X", "", "é\u202e"]
)
NUMBERS = {"integer": st.integers(-1, 10**7), "number": st.floats(0, 1e6)}
INSTANTS = st.datetimes().map(lambda instant: f"{instant.isoformat()}Z")
FORMATS: Mapping[str, st.SearchStrategy[str]] = {
    "uuid": st.uuids().map(str),
    "date-time": INSTANTS,
    "date": st.dates().map(str),
    "duration": st.sampled_from(["PT4H", "P1D", "PT0S", "PT0.5S", "P99999D"]),
}
MOST = 3
"""Elements of a list, levels of what refers to itself."""


def documents(schema: Schema) -> st.SearchStrategy[Any]:
    """Whatever the schema allows, optional parts now there and now not."""
    return _of(schema, schema.get("$defs", {}))


def _of(schema: Schema, defs: Mapping[str, Schema]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return st.deferred(lambda: _of(defs[name], defs))
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return st.one_of([_of(one, defs) for one in schema[several]])
    return _of_type(schema, defs)


def _of_type(schema: Schema, defs: Mapping[str, Schema]) -> st.SearchStrategy[Any]:
    match schema.get("type"):
        case "object":
            return _object(schema, defs)
        case "array":
            return st.lists(_of(schema.get("items", {}), defs), max_size=MOST)
        case "string":
            return FORMATS.get(schema.get("format", ""), WORDS | st.text(max_size=20))
        case "integer" | "number" as kind:
            least, most = schema.get("minimum"), schema.get("maximum")
            return NUMBERS[kind] if least is None or most is None else st.integers(int(least), int(most))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return st.sampled_from(["anything", 7, None]) | st.dictionaries(WORDS, st.integers(0, 9), max_size=MOST)


def _object(schema: Schema, defs: Mapping[str, Schema]) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        others = schema.get("additionalProperties")
        return st.dictionaries(WORDS, _of(others if isinstance(others, dict) else {}, defs), max_size=MOST)
    parts = {name: _of(one, defs) for name, one in schema["properties"].items()}
    needed = set(schema.get("required", ()))
    optional = {name: part for name, part in parts.items() if name not in needed}
    return st.fixed_dictionaries({name: parts[name] for name in sorted(needed)}, optional=optional)


def broken(document: Any, chance: random.Random) -> Any:
    """A copy with one to three places changed: gone, doubled, of another type, deeper, strange, or from elsewhere."""
    changed = json.loads(json.dumps(document))
    for _ in range(chance.randrange(1, 4)):
        found = list(places(changed))
        if not found:
            break
        holder, name = chance.choice(found)
        was = holder[name]
        match chance.choice(["gone", "strange", "strange", "wrapped", "elsewhere", "many", "more"]):
            case "gone":
                del holder[name]
            case "strange":
                holder[name] = chance.choice(STRANGE)
            case "wrapped":
                holder[name] = chance.choice([[was], {"value": was}, str(was)])
            case "elsewhere":
                other, place = chance.choice(found)
                holder[name] = json.loads(json.dumps(other[place]))
            case "many":
                holder[name] = [was] * 200
            case "more" if isinstance(holder, dict):
                holder[chance.choice(["", "x" * 300, "\0", "__proto__"])] = was
    return changed
