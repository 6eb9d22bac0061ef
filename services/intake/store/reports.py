"""Reports as they were sent, and notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.intake.submission import Identity, Known
from shared.contracts.vocabulary import NoteVisibility, Severity
from shared.db import Tx
from shared.errors import Transient

Place = tuple[datetime, UUID]
"""Where a page of reports or notes goes on: instant and id of the last one read."""


class Collision(Transient):
    """The same escalation was committed elsewhere at this instant; asked again it is a repetition."""


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report with the JSON that was sent and the defaults that were filled in."""

    report_id: UUID
    case_id: UUID
    source: str
    external_id: str
    body_sha256: bytes
    severity: Severity
    graphic: int
    received_at: datetime
    recorded_at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a case."""

    note_id: UUID
    case_id: UUID
    text: str
    visibility: NoteVisibility
    by: str
    at: datetime


async def known(tx: Tx, keys: Sequence[Identity]) -> dict[Identity, Known]:
    """Those of the (source, external_id) that were reported before."""
    rows = await tx.fetch(_KNOWN, [source for source, _ in keys], [external_id for _, external_id in keys])
    return {
        (row["source"], row["external_id"]): Known(row["case_id"], row["version"], row["body_sha256"]) for row in rows
    }


async def add(tx: Tx, reports: Sequence[StoredReport]) -> None:
    """Insert them in the order of their keys; `Collision` when one came in elsewhere meanwhile."""
    if not reports:
        return
    ordered = sorted(reports, key=lambda report: (report.source, report.external_id))
    try:
        await tx.execute(_ADD, orjson.dumps([_row(report) for report in ordered], default=str).decode())
    except asyncpg.UniqueViolationError:
        raise Collision("the same escalation came in twice at one instant", retry_after=0.1) from None


def _row(report: StoredReport) -> dict[str, Any]:
    return {
        "report_id": report.report_id,
        "case_id": report.case_id,
        "source": report.source,
        "external_id": report.external_id,
        "body_sha256": f"\\x{report.body_sha256.hex()}",
        "severity": report.severity,
        "graphic": report.graphic,
        "received_at": report.received_at,
        "recorded_at": report.recorded_at,
        "body": orjson.Fragment(report.body),
    }


async def has_report_of(tx: Tx, case_id: UUID, source: str) -> bool:
    """Whether the case holds a report of this source."""
    found = await tx.fetchval("SELECT 1 FROM reports WHERE case_id = $1 AND source = $2 LIMIT 1", case_id, source)
    return found is not None


async def page(
    tx: Tx, case_id: UUID, *, source: str | None, after: Place | None, limit: int
) -> list[tuple[StoredReport, dict[str, Any]]]:
    """Up to `limit` reports of the case (of one source only), the oldest first, each with its parsed JSON."""
    rows = await tx.fetch(_PAGE, case_id, source, *(after or (None, None)), limit)
    found = [StoredReport(**{**row, "severity": Severity(row["severity"])}) for row in rows]
    return [(report, orjson.loads(report.body)) for report in found]


async def add_note(tx: Tx, note: Note) -> None:
    """Keep a note."""
    await tx.execute(_ADD_NOTE, note.note_id, note.case_id, note.text, note.visibility.value, note.by, note.at)


async def notes(
    tx: Tx, case_id: UUID, *, visible: Sequence[NoteVisibility], after: Place | None, limit: int
) -> list[Note]:
    """Up to `limit` notes of these visibilities, the oldest first."""
    rows = await tx.fetch(_NOTES, case_id, [kind.value for kind in visible], *(after or (None, None)), limit)
    return [Note(**{**row, "visibility": NoteVisibility(row["visibility"])}) for row in rows]


_KNOWN = """
SELECT r.source, r.external_id, r.case_id, r.body_sha256, c.version
  FROM unnest($1::text[], $2::text[]) AS k (source, external_id)
  JOIN reports r USING (source, external_id)
  JOIN cases c USING (case_id)
"""

_ADD = """
INSERT INTO reports (report_id, case_id, source, external_id, body_sha256, severity, graphic, received_at,
                     recorded_at, body)
SELECT report_id, case_id, source, external_id, body_sha256, severity, graphic, received_at, recorded_at, body
  FROM json_populate_recordset(NULL::reports, $1::json)
"""

_PAGE = """
SELECT report_id, case_id, source, external_id, body_sha256, severity, graphic, received_at, recorded_at, body
  FROM reports
 WHERE case_id = $1
   AND ($2::text IS NULL OR source = $2)
   AND ($3::timestamptz IS NULL OR (recorded_at, report_id) > ($3, $4::uuid))
 ORDER BY recorded_at, report_id
 LIMIT $5
"""

_ADD_NOTE = "INSERT INTO notes (note_id, case_id, text, visibility, by, at) VALUES ($1, $2, $3, $4, $5, $6)"

_NOTES = """
SELECT note_id, case_id, text, visibility, by, at
  FROM notes
 WHERE case_id = $1
   AND visibility = ANY($2)
   AND ($3::timestamptz IS NULL OR (at, note_id) > ($3, $4::uuid))
 ORDER BY at, note_id
 LIMIT $5
"""
