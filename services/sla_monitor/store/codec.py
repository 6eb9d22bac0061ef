"""Between rows and what the decisions work on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from services.sla_monitor.definitions import Terms
from services.sla_monitor.evaluation import Key
from services.sla_monitor.facts import Facts
from services.sla_monitor.settlement import Clock, Threshold
from services.sla_monitor.spans import FOREVER, Span
from shared.contracts.vocabulary import ClockKind, ClockState, EvidenceState
from shared.db import Row

_FACTS: TypeAdapter[Facts] = TypeAdapter(Facts)


def facts_from(value: Any) -> Facts:
    """Facts as their column holds them."""
    return _FACTS.validate_python(value)


def clock_from(row: Row) -> Clock:
    """A clock from its row."""
    return Clock(
        clock_id=UUID(int=row["clock_id"].int),
        case_id=UUID(int=row["case_id"].int),
        key=Key(row["name"], row["reference"], row["cycle"]),
        kind=ClockKind(row["kind"]),
        version=row["version"],
        state=ClockState(row["state"]),
        started_at=row["started_at"],
        terms=Terms(row["target"], row["calendar"]),
        due_at=row["due_at"],
        pauses=tuple(Span(_instant(start), FOREVER if end is None else _instant(end)) for start, end in row["pauses"]),
        thresholds=tuple(
            Threshold(percent, at and _instant(at), fired_at and _instant(fired_at))
            for percent, at, fired_at in row["thresholds"]
        ),
        stopped_at=row["stopped_at"],
        breached_at=row["breached_at"],
        cause=row["cause"],
        evidence=EvidenceState(row["evidence"]),
        warned=row["warned"],
        next_at=row["next_at"],
        revision=row["revision"],
        zone_data=row["zone_data"],
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


COLUMNS: tuple[tuple[str, str], ...] = (
    ("clock_id", "uuid"),
    ("case_id", "uuid"),
    ("name", "text"),
    ("reference", "text"),
    ("cycle", "int"),
    ("kind", "text"),
    ("version", "text"),
    ("state", "text"),
    ("started_at", "timestamptz"),
    ("target", "interval"),
    ("calendar", "text"),
    ("due_at", "timestamptz"),
    ("stopped_at", "timestamptz"),
    ("breached_at", "timestamptz"),
    ("cause", "text"),
    ("evidence", "text"),
    ("pauses", "jsonb"),
    ("thresholds", "jsonb"),
    ("warned", "smallint"),
    ("next_at", "timestamptz"),
    ("revision", "bigint"),
    ("zone_data", "text"),
    ("partition", "smallint"),
)
"""Of table clocks, with their types, in the order of `clock_columns`."""


def clock_columns(clocks: Sequence[tuple[Clock, int]]) -> list[list[Any]]:
    """(clock, partition) pairs as one array a column."""
    rows = [(*_values(clock), partition) for clock, partition in clocks]
    return [list(column) for column in zip(*rows, strict=True)]


def _values(clock: Clock) -> tuple[Any, ...]:
    return (
        clock.clock_id,
        clock.case_id,
        clock.key.name,
        clock.key.reference,
        clock.key.cycle,
        clock.kind.value,
        clock.version,
        clock.state.value,
        clock.started_at,
        clock.terms.target,
        clock.terms.calendar,
        clock.due_at,
        clock.stopped_at,
        clock.breached_at,
        clock.cause,
        clock.evidence.value,
        _json([[pause.start, None if pause.end == FOREVER else pause.end] for pause in clock.pauses]),
        _json([[level.percent, level.at, level.fired_at] for level in clock.thresholds]),
        clock.warned,
        clock.next_at,
        clock.revision,
        clock.zone_data,
    )


def _json(value: list[Any]) -> bytes:
    """As bytes: the driver would take a list inside an array for a further dimension of it."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def next_revision(clock: Clock) -> Clock:
    """As it is to be written: one revision on."""
    return replace(clock, revision=clock.revision + 1)
