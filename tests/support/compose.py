"""Reads docker-compose.yml as Compose does, as far as the file uses it: merge keys, and `${NAME:-default}`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FILE = Path("docker-compose.yml")
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


class MissingVariable(AssertionError):
    """A variable that the file demands (`${NAME:?…}`) is not set."""


def compose(environ: Mapping[str, str]) -> dict[str, Any]:
    """The file with its variables replaced from `environ`."""
    raw = YAML(typ="safe").load(FILE)
    replaced = _replace(raw, environ)
    assert isinstance(replaced, dict)
    return replaced


def _replace(value: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replace(item, environ) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace(item, environ) for item in value]
    return VARIABLE.sub(lambda match: _value(match, environ), value) if isinstance(value, str) else value


def _value(match: re.Match[str], environ: Mapping[str, str]) -> str:
    name, kind, rest = match.groups()
    if environ.get(name):
        return environ[name]
    if kind != "-":
        raise MissingVariable(f"{name}: {rest}")
    return str(rest)
