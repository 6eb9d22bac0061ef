"""Records as no service sends them: seeded mutations of golden events, of headers and of bytes."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.support.producing import Raw

DEEP = 20_000
"""Levels of nesting; beyond what any recursive reader takes."""

STRANGE: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**40,
    1e308,
    "",
    "\x00",
    "x" * 70_000,
    "\u202e",
    [],
    {},
    [[[]]],
    {"": {"": None}},
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59.999999-23:59",
    "0001-01-01T00:00:00+23:59",
)
"""In the place of any value."""


def mutated(raw: Raw, chance: random.Random) -> Raw:
    """The record with one thing wrong, or at least strange."""
    return chance.choice(MUTATIONS)(raw, chance)


def _header_gone(raw: Raw, chance: random.Random) -> Raw:
    gone = chance.choice(raw.headers)[0]
    return replace(raw, headers=[(name, value) for name, value in raw.headers if name != gone])


def _header_twice(raw: Raw, chance: random.Random) -> Raw:
    name, _ = chance.choice(raw.headers)
    return replace(raw, headers=[*raw.headers, (name, b"other")])


def _header_strange(raw: Raw, chance: random.Random) -> Raw:
    at = chance.randrange(len(raw.headers))
    value = chance.choice([b"", b"\xff\xfe", b"\x00", b"9" * 5000, b"-1", b"x" * 200_000, "٣".encode(), "²".encode()])
    return replace(raw, headers=[(n, value if place == at else v) for place, (n, v) in enumerate(raw.headers)])


def _of_later(raw: Raw, chance: random.Random) -> Raw:
    changed = {"ce_type": b"tocsin.case.opened.v9", "ce_dataschema": b"/schemas/tocsin.case.opened/9"}
    name = chance.choice(sorted(changed))
    return replace(raw, headers=[(n, changed[n] if n == name else v) for n, v in raw.headers])


def _truncated(raw: Raw, chance: random.Random) -> Raw:
    return replace(raw, value=(raw.value or b"")[: chance.randrange(len(raw.value or b"x"))])


def _flipped(raw: Raw, chance: random.Random) -> Raw:
    value = bytearray(raw.value or b"x")
    for _ in range(3):
        value[chance.randrange(len(value))] = chance.randrange(256)
    return replace(raw, value=bytes(value))


def _strange_value(raw: Raw, chance: random.Random) -> Raw:
    value = chance.choice(
        [None, b"", b"null", b"[]", b"3", b"\xef\xbb\xbf{}", b'{"a":' * DEEP, b"[" * DEEP, b"NaN", b'{"a":1,"a":2}']
    )
    return replace(raw, value=value)


def _strange_key(raw: Raw, chance: random.Random) -> Raw:
    return replace(raw, key=chance.choice([None, b"", b"\xff", b"\x00", b"no uuid", b"k" * 10_000]))


def _strange_field(raw: Raw, chance: random.Random) -> Raw:
    document = json.loads(raw.value or b"{}")
    holder, name = chance.choice(list(places(document)))
    holder[name] = chance.choice(STRANGE)
    return replace(raw, value=json.dumps(document).encode())


def _field_gone(raw: Raw, chance: random.Random) -> Raw:
    document = json.loads(raw.value or b"{}")
    holder, name = chance.choice(list(places(document)))
    del holder[name]
    return replace(raw, value=json.dumps(document).encode())


def _surrogate(raw: Raw, chance: random.Random) -> Raw:
    text = (raw.value or b"").replace(b'"summary":"', b'"summary":"' + chance.choice([b"\\ud800", b"\\u0000"]))
    return replace(raw, value=text.replace(b'"summary": "', b'"summary": "' + chance.choice([b"\\udfff", b"\\u0000"])))


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every (holder, name) below a document."""
    if isinstance(document, dict):
        return [(document, name) for name in document] + [p for inner in document.values() for p in places(inner)]
    if isinstance(document, list):
        return [(document, at) for at in range(len(document))] + [p for inner in document for p in places(inner)]
    return []


MUTATIONS: tuple[Callable[[Raw, random.Random], Raw], ...] = (
    _header_gone,
    _header_twice,
    _header_strange,
    _of_later,
    _truncated,
    _flipped,
    _strange_value,
    _strange_key,
    _strange_field,
    _strange_field,
    _strange_field,
    _field_gone,
    _surrogate,
)
