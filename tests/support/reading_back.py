"""Whether a reader of an earlier release takes what is sent today: two JSON Schemas compared, sent against read.

`sent` says what today's models write, `read` what the earlier ones demand. Additions are taken by every reader;
what is named here is not: a field gone or no longer always there, a type or a value that the reader does not know.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

FORMS = ("format", "pattern")


def refused(sent: Schema, read: Schema) -> list[str]:
    """What a reader with schema `read` would refuse of `sent`, by path."""
    return list(_refused(sent, read, (sent.get("$defs", {}), read.get("$defs", {})), ""))


def _refused(sent: Schema, read: Schema, defs: tuple[Schema, Schema], path: str) -> Iterator[str]:
    options = list(_alternatives(read, defs[1]))
    for one in _alternatives(sent, defs[0]):
        found = [list(_one(one, option, defs, path)) for option in options]
        if all(found):
            yield from min(found, key=len)


def _alternatives(schema: Schema, defs: Schema) -> Iterator[Schema]:
    if "$ref" in schema:
        yield from _alternatives(defs[schema["$ref"].rsplit("/", 1)[-1]], defs)
    elif "anyOf" in schema:
        for option in schema["anyOf"]:
            yield from _alternatives(option, defs)
    else:
        yield schema


def _one(sent: Schema, read: Schema, defs: tuple[Schema, Schema], path: str) -> Iterator[str]:
    if "type" not in read and "enum" not in read:
        return
    if sent.get("type") != read.get("type") and (sent.get("type"), read.get("type")) != ("integer", "number"):
        yield f"{path}: {sent.get('type')} where {read.get('type')} is read"
        return
    known = _values(read)
    unknown = _values(sent) - known if known else set()
    if unknown or (known and not _values(sent)):
        yield f"{path}: {', '.join(sorted(unknown)) or 'any value'} where {', '.join(sorted(known))} is read"
    for form in FORMS:
        if form in read and sent.get(form) != read[form]:
            yield f"{path}: {form} {sent.get(form)} where {read[form]} is read"
    yield from _fields(sent, read, defs, path)
    if isinstance(read.get("items"), dict):
        yield from _refused(sent.get("items", {}), read["items"], defs, f"{path}[]")
    if isinstance(read.get("additionalProperties"), dict):
        yield from _refused(sent.get("additionalProperties", {}), read["additionalProperties"], defs, f"{path}.*")


def _values(schema: Schema) -> set[str]:
    """The values that it is limited to; none: it is not."""
    return {str(value) for value in schema.get("enum", [schema["const"]] if "const" in schema else [])}


def _fields(sent: Schema, read: Schema, defs: tuple[Schema, Schema], path: str) -> Iterator[str]:
    there = sent.get("properties", {})
    for name, wanted in read.get("properties", {}).items():
        if name not in there:
            yield f"{path}.{name}: gone"
        else:
            if name in read.get("required", ()) and name not in sent.get("required", ()):
                yield f"{path}.{name}: not always sent"
            yield from _refused(there[name], wanted, defs, f"{path}.{name}")
