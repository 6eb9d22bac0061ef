"""One YAML file as plain values, with the line of every place.

YAML 1.2 core rules: `NO`, `22:00` and `2026-12-25` are text, `true` and `null` are not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.reader import ReaderError

from shared.config.faults import Fault, Path, written

_NULL = re.compile(r"null|Null|NULL|~|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN")
_LONGEST_NUMBER = 100
_MOST_VALUES = 200_000
"""Of one file, aliases written out; a few lines of aliases of aliases would be billions."""


class _TooMuch(Exception):
    """The file holds more than any configuration."""


@dataclass
class Document:
    """`data` is None where the file could not be read; `faults` says why."""

    file: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, path: Path, message: str) -> Fault:
        """A fault at `path`, at the line of the nearest place around it that the file has."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return Fault(self.file, self.lines.get(known, 1), written(path), message)

    def find(self, pattern: str) -> Iterator[tuple[Path, Any]]:
        """Every (path, value) that `a.*.b` matches; `*` is each entry of a list or a map, whatever it holds."""
        return _walk(self.data, (), pattern.split("."))


def _walk(value: Any, path: Path, pattern: list[str]) -> Iterator[tuple[Path, Any]]:
    if not pattern:
        yield path, value
        return
    step, rest = pattern[0], pattern[1:]
    if step == "*":
        entries: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    else:
        entries = [(step, value[step])] if isinstance(value, dict) and step in value else ()
    for name, item in entries:
        yield from _walk(item, (*path, name), rest)


def read(file: str, raw: bytes) -> Document:
    """Parse `raw`; what cannot be parsed leaves `data` None and one fault."""
    document = Document(file)
    try:
        node = YAML(typ="safe", pure=True).compose(raw.decode("utf-8-sig"))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _give_up(document, mark.line + 1 if mark else 1, f"this is no YAML: {error.problem or error.context}")
    except (YAMLError, ReaderError, UnicodeDecodeError, RecursionError) as error:
        _give_up(document, 1, f"this is no YAML in UTF-8: {str(error).splitlines()[0]}")
    else:
        if node is None:
            _give_up(document, 1, "the file is empty; write the keys that it needs")
        else:
            _fill(document, node)
    return document


def _fill(document: Document, node: Node) -> None:
    try:
        data = _Reading(document).value(node, ())
    except _TooMuch:
        _give_up(document, 1, f"the file holds more than {_MOST_VALUES} values, aliases included; write fewer")
        return
    if isinstance(data, dict):
        document.data = data
    else:
        _give_up(document, 1, "the file holds no keys; write it as a map, such as `key: value`")


def _give_up(document: Document, line: int, message: str) -> None:
    document.faults.append(Fault(document.file, line, "", message))


class _Reading:
    """Turns nodes into values, noting lines, and faults for what YAML allows but nobody can mean."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._open: set[int] = set()
        self._values = 0

    def value(self, node: Node, path: Path) -> Any:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise _TooMuch
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            self._fault(path, node, "an alias leads back into itself; write the values out")
            return None
        self._open.add(id(node))
        found: Any = self._mapping(node, path) if isinstance(node, MappingNode) else self._sequence(node, path)
        self._open.discard(id(node))
        return found

    def _sequence(self, node: Node, path: Path) -> list[Any]:
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: MappingNode, path: Path) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key in found:
                first = self._document.lines[(*path, key)]
                self._fault((*path, key), key_node, f"the key stands twice, first in line {first}; keep one of them")
                continue
            self._document.lines[(*path, key)] = key_node.start_mark.line + 1
            found[key] = self.value(value_node, (*path, key))
        return found

    def _key(self, node: Node, path: Path) -> str:
        if isinstance(node, ScalarNode):
            return str(node.value)
        self._fault(path, node, "a key here is plain text; quote it")
        return "?"

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        tag = str(node.tag)
        if tag.startswith("!"):
            self._fault(path, node, f"the tag {tag} has no meaning here; take it out")
        if node.style in ("'", '"', "|", ">") or tag.endswith(":str"):
            return node.value
        return _core(node.value)

    def _fault(self, path: Path, node: Node, message: str) -> None:
        line = node.start_mark.line + 1
        self._document.faults.append(Fault(self._document.file, line, written(path), message))


def _core(text: str) -> Any:
    """A plain scalar by the core schema (YAML 1.2.2 section 10.3.2)."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _NO_NUMBER.fullmatch(text):
        return float(text.lower().replace(".", ""))
    if len(text) <= _LONGEST_NUMBER:
        return _number(text)
    return text


def _number(text: str) -> Any:
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL_OR_HEX.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text
