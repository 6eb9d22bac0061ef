"""The metrics that the code declares, read from its source: every name is written out where it is declared."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

KINDS = ("counter", "gauge", "histogram")


@dataclass(frozen=True)
class Found:
    """One declaration."""

    name: str
    kind: str
    doc: str
    labels: tuple[str, ...]


def declared() -> dict[str, Found]:
    """By name; a second declaration of a name must be like the first."""
    found: dict[str, Found] = {}
    for path in sorted([*Path("shared").rglob("*.py"), *Path("services").rglob("*.py")]):
        for metric in _in(path):
            assert found.setdefault(metric.name, metric).labels == metric.labels, metric.name
    return found


def _in(path: Path) -> Iterator[Found]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KINDS:
            name, doc, *rest = [_text(argument) for argument in node.args] or [None, None]
            if isinstance(name, str) and name.startswith("tocsin_"):
                labels = rest[0] if rest and isinstance(rest[0], tuple) else ()
                yield Found(name, node.func.attr, str(doc), labels)


def _text(node: ast.expr) -> str | tuple[str, ...] | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return tuple(value) if isinstance(value, list | tuple) else value
