"""What a model refuses, said so that a person knows what would be right."""

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shared.config.document import Document
from shared.config.faults import Fault, Path

_KINDS = {
    "string_type": "text is needed here; put it in quotes",
    "string_sub_type": "text is needed here; put it in quotes",
    "int_type": "a whole number is needed here, such as 3",
    "int_from_float": "a whole number is needed here, such as 3",
    "bool_type": "true or false is needed here",
    "tuple_type": "a list is needed here, such as [a, b]",
    "list_type": "a list is needed here, such as [a, b]",
    "dict_type": "a map is needed here, such as {key: value}",
    "model_type": "a map is needed here, such as {key: value}",
    "model_attributes_type": "a map is needed here, such as {key: value}",
    "float_type": "a number is needed here, such as 0.25",
    "float_parsing": "a number is needed here, such as 0.25",
    "finite_number": "a finite number is needed here, such as 0.25",
    "union_tag_not_found": "`kind` is missing; say which kind of channel it is",
}
_LIMITS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}


_QUOTED = re.compile(r"'([^']+)'")


def faults_of(document: Document, model: type[BaseModel], error: ValidationError) -> list[Fault]:
    """Each error as a fault at its line."""
    return [_fault(document, model, details) for details in error.errors(include_url=False)]


def did_you_mean(name: Any, known: Iterable[str]) -> str:
    """`did you mean x?`, or what there is to choose from."""
    choices = sorted(known)
    near = difflib.get_close_matches(str(name), choices, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are {_list(choices)}" if choices else "there is none to choose from"


def _list(names: list[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _fault(document: Document, model: type[BaseModel], details: ErrorDetails) -> Fault:
    loc = details["loc"]
    if details["type"] == "union_tag_invalid":
        loc = (*loc, details["ctx"]["discriminator"].strip("'"))
    path = _present(document.data, loc, missing=details["type"] == "missing")
    return document.fault(path, _message(model, path, details))


def _present(data: Any, loc: Path, *, missing: bool) -> Path:
    """`loc` without the names of union members, which the file does not have."""
    path: list[str | int] = []
    for part in loc:
        if isinstance(data, dict) and part in data:
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int):
            data = data[part] if part < len(data) else None
        else:
            continue
        path.append(part)
    if missing:
        path.append(loc[-1])
    return tuple(path)


def _message(model: type[BaseModel], path: Path, details: ErrorDetails) -> str:
    kind, given, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "missing":
        return "it is missing; add it"
    if kind == "extra_forbidden":
        return f"unknown key; {did_you_mean(path[-1], _fields_at(model, path[:-1]))}"
    if kind in ("enum", "literal_error", "union_tag_invalid"):
        return f"{_shown(given, context)} is not known here; {did_you_mean(*_choices(given, context))}"
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return f"{given} is out of range; it must be {words} {context[name]:g}"
    if kind in _KINDS:
        return f"{_KINDS[kind]} (not {_describe(given)})"
    return details["msg"].removeprefix("Value error, ")


def _choices(given: Any, context: dict[str, Any]) -> tuple[Any, list[str]]:
    expected = str(context.get("expected_tags", context.get("expected", "")))
    return context.get("tag", given), _QUOTED.findall(expected)


def _shown(given: Any, context: dict[str, Any]) -> str:
    return repr(context.get("tag", given))


def _describe(given: Any) -> str:
    names = {dict: "a map", list: "a list", str: f"the text {given!r}", type(None): "nothing"}
    return names.get(type(given), repr(given))


def _fields_at(model: Any, path: Path) -> set[str]:
    """The keys that the model has at `path`; of a union, those of all its members."""
    types = [model]
    for part in path:
        types = [inner for kind in types for inner in _below(kind, part)]
    return {
        info.alias or name for kind in types for member in _models(kind) for name, info in member.model_fields.items()
    }


def _below(kind: Any, part: str | int) -> Iterator[Any]:
    for member in _models(kind):
        yield from (f.annotation for n, f in member.model_fields.items() if part in (n, f.alias))
    for container in _members(kind):
        arguments = get_args(container)
        if get_origin(container) is dict:
            yield arguments[1]
        elif get_origin(container) in (tuple, list):
            yield arguments[0]


def _models(kind: Any) -> list[type[BaseModel]]:
    return [member for member in _members(kind) if isinstance(member, type) and issubclass(member, BaseModel)]


def _members(kind: Any) -> Iterator[Any]:
    """The members of unions, without annotations."""
    if hasattr(kind, "__metadata__"):
        yield from _members(get_args(kind)[0])
    elif get_origin(kind) in (None, dict, tuple, list):
        yield kind
    else:
        for member in get_args(kind):
            yield from _members(member)
