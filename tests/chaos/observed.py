"""What is so when it is quiet again: the shapes that a check reads. `looking` fills them.

Pure. One snapshot of the four schemas, the topics up to where the snapshot's consumers stood, what the pager double
received, and the callers' log. Rows are as the database has them, JSON columns parsed, ids as text.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.chaos.history import Call

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record of a topic; `topic` without prefix. `appended`: when the broker wrote it (log append time)."""

    topic: str
    partition: int
    offset: int
    key: str
    type: str
    source: str
    seq: int
    ce_id: str
    appended: datetime
    value: Mapping[str, Any]

    @property
    def at(self) -> str:
        """Where it stands, for a person."""
        return f"{self.topic}/{self.partition}@{self.offset} {self.type} {self.source}#{self.seq} of {self.key}"

    @property
    def service(self) -> str:
        """The sender: intake, router, …"""
        return self.source.rsplit("/", 1)[-1]

    @property
    def occurred_at(self) -> datetime:
        return datetime.fromisoformat(self.value["occurred_at"])

    @property
    def happened_at(self) -> datetime:
        """By event time, never later than it was recorded."""
        return min(self.occurred_at, self.recorded_at)

    @property
    def recorded_at(self) -> datetime:
        return datetime.fromisoformat(self.value["recorded_at"])

    @property
    def change(self) -> Mapping[str, Any]:
        change: Mapping[str, Any] = self.value["change"]
        return change

    @property
    def case(self) -> Mapping[str, Any]:
        case: Mapping[str, Any] = self.value["case"]
        return case


@dataclass(frozen=True, kw_only=True)
class Told:
    """One notification that the pager double received; `data` is the body's `data`."""

    webhook_id: str
    type: str
    channel: str
    responder: str | None
    page_id: str
    clock_id: str | None
    at: datetime
    status: int
    signed: bool

    @property
    def taken(self) -> bool:
        """Whether the double answered with 2xx."""
        return self.status < 300


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """What the nemesis did to `what` (a service, `kafka`, `postgres`, a link) from `start` to `end`."""

    what: str
    act: str
    start: datetime
    end: datetime

    def covers(self, instant: datetime) -> bool:
        """Whether it was going on then."""
        return self.start <= instant <= self.end


@dataclass(frozen=True, kw_only=True)
class Observed:
    """All that a check looks at. `tables[service][table]` are rows; `at` is the snapshot's instant."""

    at: datetime
    records: Sequence[Record]
    tables: Mapping[str, Mapping[str, Sequence[Row]]]
    told: Sequence[Told]
    calls: Sequence[Call]
    config: Mapping[str, Any]
    """The seven files as data, as `tests.support.config_dir.configuration` gives them."""
    disturbances: Sequence[Disturbance] = ()
    unsettled: Sequence[str] = ()
    """What was not quiet when the limit was reached."""

    def rows(self, service: str, table: str) -> Sequence[Row]:
        """Rows of one table, empty where it was not read."""
        return self.tables.get(service, {}).get(table, ())

    def of_type(self, *types: str) -> Iterable[Record]:
        """First sendings of these types (without `tocsin.`), in order of the log."""
        wanted = {f"tocsin.{name}" for name in types}
        return (record for record in self.first_sendings() if record.type in wanted)

    def first_sendings(self) -> Iterable[Record]:
        """Every event once: a `ce_id` that was sent again is left out."""
        seen: set[str] = set()
        for record in self.records:
            if record.ce_id not in seen:
                seen.add(record.ce_id)
                yield record
