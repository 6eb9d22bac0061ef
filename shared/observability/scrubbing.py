"""The second line of defence of log lines: what is a secret or a person's address goes, wherever it stands.

Fields are left out by name before (`logging.redact`); this looks at the finished line, tracebacks included.
"""

import json
import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from shared.settings import Settings

REDACTED = "[redacted]"
SHORTEST = 4
"""Characters from which a secret is looked for: a shorter one would blacken half of every line."""

_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=://)[^\s/@\"']+:[^\s/\"']*@"), f"{REDACTED}@"),  # a login in a URL
    (re.compile(r"(?i)(?<=bearer )[^\s\"',;]+"), REDACTED),
    (re.compile(r"(?<=/v1/ack/)[A-Za-z0-9_-]+"), REDACTED),
    (re.compile(r"whsec_[A-Za-z0-9+/=_-]+"), REDACTED),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), REDACTED),  # an address of a person
)


class Scrubber:
    """Takes out the secrets of these settings, and everything that has the shape of one."""

    def __init__(self, settings: Settings) -> None:
        spellings = {spelling for secret in secrets_of(settings) for spelling in _spellings(secret)}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, _logger: object, _method: str, line: str) -> str:
        if self._known is not None:
            line = self._known.sub(REDACTED, line)
        for shape, instead in _SHAPES:
            line = shape.sub(instead, line)
        return line


def secrets_of(settings: Settings) -> list[str]:
    """Every secret that the environment gave, of a length that can be looked for."""
    lines = (settings.secret_key or "").splitlines()
    found = [settings.kafka.password, *_passwords(settings.database_url), *lines]
    return [secret for secret in found if secret is not None and len(secret) >= SHORTEST]


def _passwords(url: str) -> Iterable[str]:
    """The password of a database URL; the whole URL where it cannot be taken apart."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return [url]
    return [] if password is None else [password, unquote(password)]


def _spellings(secret: str) -> Iterable[str]:
    """As it is, within JSON, and as Python shows it."""
    return secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]
