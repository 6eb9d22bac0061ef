"""What travels: a `Message` on its way out, a `Received` record on its way in, and the headers between.

CloudEvents 1.0, Kafka binding, binary mode (contract section 8).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.contracts.events import Event
from shared.contracts.vocabulary import Topic
from shared.errors import Permanent, PermanentReason
from shared.ids import uuid7
from shared.observability.tracing import traceparent as current_traceparent

MAX_PAYLOAD = 900 * 1024
"""Bytes; with headers it stays below the producer's and the brokers' limit of 1 MiB."""

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Message:
    """One event to be sent. `seq` counts per key and source from 1 without gaps, under the aggregate's lock."""

    topic: Topic
    key: str
    seq: int
    type: str
    version: int
    occurred_at: datetime
    payload: bytes
    ce_id: UUID = field(default_factory=uuid7)
    traceparent: str | None = None
    raw_headers: Headers | None = None
    """Instead of the attributes of an event: for a dead letter, which keeps the headers it came with."""

    def __post_init__(self) -> None:
        if len(self.payload) > MAX_PAYLOAD:
            raise Permanent(
                PermanentReason.TOO_LARGE,
                f"{self.type} for {self.key} has {len(self.payload)} bytes; at most {MAX_PAYLOAD} fit a message",
            )

    @classmethod
    def of(cls, event: Event, *, key: str, seq: int, traceparent: str | None = None) -> "Message":
        """The message that carries `event`; in the present trace unless another is given."""
        return cls(
            topic=event.topic,
            key=key,
            seq=seq,
            type=event.type,
            version=event.version,
            occurred_at=event.occurred_at,
            payload=event.payload(),
            traceparent=traceparent or current_traceparent(),
        )

    def headers(self) -> dict[str, str]:
        """The CloudEvents attributes, but for `ce_source`, which the relay of the service adds."""
        if self.raw_headers is not None:
            return dict(self.raw_headers)
        attributes = {
            "ce_specversion": "1.0",
            "ce_id": str(self.ce_id),
            "ce_type": self.type,
            "ce_subject": self.key,
            "ce_time": instant_text(self.occurred_at),
            "ce_dataschema": f"/schemas/{self.type}/{self.version}",
            "ce_sequence": str(self.seq),
            "content-type": "application/json",
        }
        return attributes if self.traceparent is None else {**attributes, "traceparent": self.traceparent}


@dataclass(frozen=True)
class Received:
    """One record as a handler gets it; `event` is None for a type that this version does not know: ignore it."""

    topic: Topic
    partition: int
    offset: int
    key: str
    source: str
    seq: int
    ce_id: UUID
    type: str
    occurred_at: datetime
    event: Event | None
    value: Mapping[str, Any]
    headers: Headers


def source_of(service: str) -> str:
    """`ce_source` of a service."""
    return f"/tocsin/{service}"


def instant_text(instant: datetime) -> str:
    """RFC 3339 in UTC with `Z`."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
