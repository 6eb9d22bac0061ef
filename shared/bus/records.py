"""Reading a record: from the bytes of Kafka to what a handler takes, or the reason why that cannot be."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson
from pydantic import ValidationError

from shared.bus.messages import Received
from shared.bus.positions import Place
from shared.contracts.registry import EVENT_TYPES, Event
from shared.contracts.vocabulary import Topic
from shared.errors import Permanent, PermanentReason

MAX_TEXT = 600
"""Characters of a key or an attribute: what an index can hold, whatever the alphabet."""

MAX_DIGITS = 20
"""Python refuses to read numbers of thousands of digits, by an error of its own."""


MOST_FAULTS = 1000
"""Beyond so many they are only counted: to describe each would take far more than the record itself."""


CopyMark = tuple[bytes, bytes]
"""`ce_id` as it came, and the SHA-256 of the value."""


@dataclass(frozen=True)
class Record:
    """One record as it lies in the log; the place names the topic without any prefix."""

    place: Place
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @property
    def key_text(self) -> str | None:
        """The key, or None where it cannot be read or kept: such a record parks nothing behind it."""
        try:
            text = None if self.key is None else self.key.decode()
        except UnicodeDecodeError:
            return None
        return text if text is not None and _storable(text) else None

    @property
    def dead_letter_id(self) -> UUID:
        """The id that its dead letter would have: the same each time it is read, another for another record that
        lies at the same place of a later log (a new cluster, a topic made anew)."""
        where = f"{self.place.topic}/{self.place.partition}/{self.offset}"
        return uuid5(NAMESPACE_URL, f"tocsin:{where}/{self._digest()}")

    @property
    def copy_mark(self) -> CopyMark | None:
        """What a copy that a relay sends again shares with it; None where nothing tells a copy from another."""
        ce_id = dict(self.headers).get("ce_id")
        return None if not ce_id else (ce_id, sha256(self.value or b"").digest())

    def _digest(self) -> str:
        """Of all that it holds, each part behind its length."""
        parts = [
            self.key,
            self.value,
            *(part for name, value in self.headers for part in (name.encode("utf-8", "surrogatepass"), value)),
        ]
        digest = sha256()
        for part in parts:
            digest.update(b"-" if part is None else b"%d:%b" % (len(part), part))
        return digest.hexdigest()


@dataclass(frozen=True)
class Item:
    """A record with what reading it gave: an event, or a fault."""

    record: Record
    received: Received | None
    fault: Permanent | None = None


def read(record: Record) -> Item:
    """Read one record; never raises."""
    try:
        return Item(record, _received(record))
    except Permanent as fault:
        return Item(record, None, fault)


@dataclass(frozen=True)
class Identity:
    """Which event a record is, of all those of its key and source."""

    key: str
    source: str
    seq: int
    ce_id: UUID


def identity_of(record: Record) -> Identity | None:
    """What its key and headers say, whatever its value is; None where they cannot be read."""
    try:
        return _identity(record, _text_headers(record))
    except Permanent:
        return None


def printable(text: str) -> str:
    """Text that PostgreSQL can hold."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def invalid(error: ValidationError) -> Permanent:
    """A validation error as a fault that names fields and quotes none of their content."""
    if error.error_count() > MOST_FAULTS:
        return Permanent(PermanentReason.INVALID, f"{error.title}: {error.error_count()} things are wrong")
    lines = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors(include_input=False)]
    return Permanent(PermanentReason.INVALID, f"{error.title}: {'; '.join(lines[:5])}")


def _received(record: Record) -> Received:
    headers = _text_headers(record)
    identity = _identity(record, headers)
    value = _json_object(record.value)
    return Received(
        topic=Topic(record.place.topic),
        partition=record.place.partition,
        offset=record.offset,
        key=identity.key,
        source=identity.source,
        seq=identity.seq,
        ce_id=identity.ce_id,
        type=_header(headers, "ce_type"),
        occurred_at=_instant(_header(headers, "ce_time")),
        event=_event(headers["ce_type"], record.value or b""),
        value=value,
        headers=headers,
    )


def _identity(record: Record, headers: Mapping[str, str]) -> Identity:
    key = record.key_text
    if key is None:
        raise Permanent(PermanentReason.UNREADABLE, "the key is not text")
    return Identity(
        key=key,
        source=_header(headers, "ce_source"),
        seq=_sequence(_header(headers, "ce_sequence")),
        ce_id=_uuid(_header(headers, "ce_id")),
    )


def _text_headers(record: Record) -> Mapping[str, str]:
    """Those that can be kept; an attribute of the event that cannot is a fault."""
    try:
        found = {name: value.decode() for name, value in record.headers if value is not None}
    except UnicodeDecodeError:
        raise Permanent(PermanentReason.UNREADABLE, "a header is not text in UTF-8") from None
    strange = [name for name, text in found.items() if not _storable(text)]
    if any(name.startswith("ce_") for name in strange):
        raise Permanent(PermanentReason.UNREADABLE, f"a header has NUL or more than {MAX_TEXT} characters")
    return {name: text for name, text in found.items() if name not in strange}


def _storable(text: str) -> bool:
    """Whether PostgreSQL can hold it, also in an index."""
    return "\0" not in text and len(text) <= MAX_TEXT


def _header(headers: Mapping[str, str], name: str) -> str:
    try:
        return headers[name]
    except KeyError:
        raise Permanent(PermanentReason.UNREADABLE, f"the header {name} is missing") from None


def _sequence(text: str) -> int:
    if text.isdecimal() and len(text) < MAX_DIGITS and 1 <= int(text) < 2**63:
        return int(text)
    raise Permanent(PermanentReason.UNREADABLE, "ce_sequence is not a number from 1 on")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Permanent(PermanentReason.UNREADABLE, "ce_id is not a UUID") from None


def _instant(text: str) -> datetime:
    with suppress(ValueError):
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant
    raise Permanent(PermanentReason.UNREADABLE, "ce_time is not an instant of RFC 3339")


def _json_object(value: bytes | None) -> dict[str, Any]:
    try:
        found = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        raise Permanent(PermanentReason.UNREADABLE, "the value is not JSON") from None
    if not isinstance(found, dict):
        raise Permanent(PermanentReason.UNREADABLE, "the value is not a JSON object")
    if b"\\u0000" in (value or b"") and _has_nul(found):
        raise Permanent(PermanentReason.INVALID, "a text of the value has NUL, which no table can hold")
    return found


def _has_nul(document: Any) -> bool:
    """Whether any text below has it; without recursion, for the depth is the sender's choice."""
    left = [document]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            left += one
        elif isinstance(one, str) and "\0" in one:
            return True
    return False


def _event(event_type: str, value: bytes) -> Event | None:
    """The event, or None for a type that this version does not know."""
    known = EVENT_TYPES.get(event_type)
    if known is None:
        return None
    try:
        return known.model_validate_json(value)
    except ValidationError as error:
        raise invalid(error) from None
