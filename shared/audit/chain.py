"""The chain of an audit: each sealed row carries the hash of the one before it, so that none can be changed,
removed, put in or moved without the chain breaking at that place.

Pure. The hash is sha256 over the previous hash (32 bytes) and the row as canonical JSON: an array of position,
id, instant, actor's kind and id, action, subject and detail, in UTF-8 without white space, keys sorted.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

GENESIS = bytes(32)
"""What the first row follows."""


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the chain: of its last row, or of the last one that retention removed."""

    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the audit; `position`, `previous` and `hash` are None until it is sealed."""

    id: int
    at: datetime
    actor_kind: str
    actor_id: str
    action: str
    subject: str
    detail: Any
    position: int | None = None
    previous: bytes | None = None
    hash: bytes | None = None


def next_link(row: Row, before: Link) -> Link:
    """The place of `row` right behind `before`."""
    position = before.position + 1
    content = [position, row.id, row.at, row.actor_kind, row.actor_id, row.action, row.subject, row.detail]
    canonical = orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    return Link(position, hashlib.sha256(before.hash + canonical).digest())


class Walk:
    """Follows a chain from `start`; `tip` is as far as every row fitted."""

    def __init__(self, start: Link) -> None:
        self.tip = start

    def take(self, row: Row) -> str | None:
        """Go on to `row`; what is wrong with it, or None. Do not go on after a fault."""
        expected = next_link(row, self.tip)
        if row.position != expected.position:
            return f"expected is position {expected.position}: rows before this one are missing or were moved"
        if row.previous != self.tip.hash:
            return "it does not follow the row before it: one was put in, taken out or moved"
        if row.hash != expected.hash:
            return "its content is not what was sealed"
        self.tip = expected
        return None
