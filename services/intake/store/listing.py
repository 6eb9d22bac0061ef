"""Lists of cases: narrowed by filters, seen with the viewer's eyes, the newest first."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.case import Case
from services.intake.store.rows import COLUMNS, case_from
from services.intake.visibility import Filters, Viewer
from shared.db import Tx

Place = tuple[datetime, UUID]
"""Where a page goes on: created_at and id of the last case read."""


async def page(tx: Tx, filters: Filters, viewer: Viewer, *, after: Place | None, limit: int) -> list[Case]:
    """Up to `limit` cases behind `after`."""
    clauses: list[str] = []
    arguments: list[Any] = []
    for clause, values in _clauses(filters, viewer, after):
        numbers = [f"${len(arguments) + place + 1}" for place in range(len(values))]
        clauses.append(clause.format(*numbers))
        arguments.extend(values)
    where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
    sql = f"SELECT {COLUMNS} FROM cases c {where} ORDER BY created_at DESC, case_id DESC LIMIT ${len(arguments) + 1}"  # noqa: S608 - only placeholders are put in
    return [case_from(row) for row in await tx.fetch(sql, *arguments, limit)]


def _clauses(filters: Filters, viewer: Viewer, after: Place | None) -> Iterator[tuple[str, list[Any]]]:
    """Each condition with `{}` where its values stand."""
    for column in ("policy_area", "language", "region", "assignee", "source"):
        value = getattr(filters, column)
        if value is not None and (column, viewer.source) != ("source", value):
            yield f"c.{column} = {{}}", [value]
    if filters.status:
        yield "c.status = ANY({}::text[])", [[status.value for status in filters.status]]
    if filters.severity:
        yield "c.severity = ANY({}::text[])", [[severity.value for severity in filters.severity]]
    if viewer.source is not None:
        yield _HOLDS_REPORT, [viewer.source]
    if filters.q:
        yield _in_own_reports(filters.q, viewer.source) if viewer.source else (_MATCHES, [_pattern(filters.q)])
    if after is not None:
        yield "(c.created_at, c.case_id) < ({}::timestamptz, {}::uuid)", list(after)


def _in_own_reports(q: str, source: str) -> tuple[str, list[Any]]:
    return _OWN_REPORT_MATCHES, [source, _pattern(q)]


def _pattern(q: str) -> str:
    """`q` anywhere, taken literally."""
    escaped = q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


_HOLDS_REPORT = "EXISTS (SELECT 1 FROM reports r WHERE r.case_id = c.case_id AND r.source = {})"

_MATCHES = "(c.summary ILIKE {0} OR c.external_id ILIKE {0} OR c.subject_id ILIKE {0})"

_OWN_REPORT_MATCHES = """EXISTS (
    SELECT 1 FROM reports r
     WHERE r.case_id = c.case_id AND r.source = {0}
       AND (r.external_id ILIKE {1} OR r.body ->> 'summary' ILIKE {1} OR r.body #>> '{{subject,id}}' ILIKE {1}))"""
