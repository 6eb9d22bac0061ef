"""Secrets by reference: `env:NAME` or `file:PATH` in the configuration, resolved at the moment of use."""

import os
from pathlib import Path

from shared.errors import TocsinError

_ENV = "env:"
_FILE = "file:"


class SecretUnavailable(TocsinError):
    """A reference leads nowhere: the variable is not set, or the file cannot be read or is empty."""


def is_reference(value: str) -> bool:
    """Whether `value` is `env:NAME` or `file:PATH`."""
    return any(value.startswith(prefix) and len(value) > len(prefix) for prefix in (_ENV, _FILE))


def resolve(value: str) -> str:
    """What a reference stands for, without surrounding white space; any other text is itself.

    Read anew at each call, so that a rotated secret is taken up. Raises `SecretUnavailable`.
    """
    if not is_reference(value):
        return value
    found = _variable(value.removeprefix(_ENV)) if value.startswith(_ENV) else _file(value.removeprefix(_FILE))
    if not found:
        raise SecretUnavailable(f"{value} is empty; put the secret there")
    return found


def _variable(name: str) -> str:
    found = os.environ.get(name)
    if found is None:
        raise SecretUnavailable(f"{_ENV}{name} is not set; export it in the environment of the service")
    return found.strip()


def _file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretUnavailable(f"{_FILE}{path} cannot be read ({error}); mount it, readable") from None
