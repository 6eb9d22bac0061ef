"""GET of cases, reports, notes, timeline and taxonomy: what a principal may see, a page at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from services.intake.api.desk import Desk, viewer_of
from services.intake.api.shapes import (
    CaseView,
    NoteView,
    ReportView,
    SourceCaseView,
    TaxonomyView,
    TimelineEntry,
    case_view,
    report_view,
    taxonomy_view,
)
from services.intake.case import Case
from services.intake.refusal import Reason, Refusal
from services.intake.store import cases, listing, reports, timeline
from services.intake.visibility import Filters, Viewer
from shared.contracts.scalars import SafeText
from shared.contracts.vocabulary import CaseStatus, Scope, Severity
from shared.db import Tx
from shared.http.paging import DEFAULT_LIMIT, CursorParam, LimitParam, Page, decode_cursor, encode_cursor
from shared.http.problems import unprocessable
from shared.http.responses import reply
from shared.http.security import Principal, require
from shared.http.server import router

Reader = Annotated[Principal, Depends(require(Scope.CASES_READ))]
Word = Annotated[SafeText | None, Query(max_length=500)]
AnyCase = CaseView | SourceCaseView


def filters_from(
    status: Annotated[list[CaseStatus] | None, Query()] = None,
    severity: Annotated[list[Severity] | None, Query()] = None,
    policy_area: Word = None,
    language: Word = None,
    region: Word = None,
    assignee: Word = None,
    source: Word = None,
    q: Word = None,
) -> Filters:
    """The filters of the query; status and severity may be given several times."""
    return Filters(
        status=None if status is None else tuple(status),
        severity=None if severity is None else tuple(severity),
        policy_area=policy_area,
        language=language,
        region=region,
        assignee=assignee,
        source=source,
        q=q,
    )


def routes(desk: Desk) -> APIRouter:
    """The reading half of /v1/cases, and /v1/taxonomy."""
    api = router()
    _add_cases(api, desk)
    _add_reports_and_notes(api, desk)
    _add_timeline(api, desk)
    return api


def _add_cases(api: APIRouter, desk: Desk) -> None:
    db = desk.db

    @api.get("/v1/taxonomy", response_model=TaxonomyView)
    async def taxonomy(principal: Reader) -> Response:  # noqa: ARG001 - known keys only
        """Policy areas, actions and clocks as configured."""
        return reply(taxonomy_view(desk.config.current))

    @api.get("/v1/cases", response_model=Page[AnyCase])
    async def list_cases(
        principal: Reader,
        filters: Annotated[Filters, Depends(filters_from)],
        limit: LimitParam = DEFAULT_LIMIT,
        cursor: CursorParam = None,
    ) -> Response:
        """Cases, the newest first."""
        viewer = viewer_of(principal)
        filters.check(viewer)
        async with db.connection() as tx:
            found = await listing.page(tx, filters, viewer, after=place(cursor), limit=limit + 1)
        items = [case_view(case, for_source=principal.is_source) for case in found[:limit]]
        return reply(page(items, [(case.created_at, case.case_id) for case in found], limit))

    @api.get("/v1/cases/{case_id}", response_model=AnyCase)
    async def get_case(case_id: UUID, principal: Reader) -> Response:
        """One case; its version is the ETag."""
        async with db.connection() as tx:
            case = await visible(tx, case_id, viewer_of(principal))
        return reply(case_view(case, for_source=principal.is_source), headers={"ETag": f'"{case.version}"'})


def _add_reports_and_notes(api: APIRouter, desk: Desk) -> None:
    db = desk.db

    @api.get("/v1/cases/{case_id}/reports", response_model=Page[ReportView])
    async def list_reports(
        case_id: UUID, principal: Reader, limit: LimitParam = DEFAULT_LIMIT, cursor: CursorParam = None
    ) -> Response:
        """Every report with its content, the oldest first; a source gets its own."""
        viewer = viewer_of(principal)
        async with db.connection() as tx:
            await visible(tx, case_id, viewer)
            found = await reports.page(tx, case_id, source=viewer.source, after=place(cursor), limit=limit + 1)
        items = [report_view(report, sent) for report, sent in found[:limit]]
        return reply(page(items, [(report.recorded_at, report.report_id) for report, _ in found], limit))

    @api.get("/v1/cases/{case_id}/notes", response_model=Page[NoteView])
    async def list_notes(
        case_id: UUID, principal: Reader, limit: LimitParam = DEFAULT_LIMIT, cursor: CursorParam = None
    ) -> Response:
        """Notes, the oldest first; a source gets the public ones."""
        viewer = viewer_of(principal)
        async with db.connection() as tx:
            await visible(tx, case_id, viewer)
            found = await reports.notes(tx, case_id, visible=viewer.notes, after=place(cursor), limit=limit + 1)
        items = [NoteView.model_validate(note) for note in found[:limit]]
        return reply(page(items, [(note.at, note.note_id) for note in found], limit))


def _add_timeline(api: APIRouter, desk: Desk) -> None:
    @api.get("/v1/cases/{case_id}/timeline", response_model=Page[TimelineEntry])
    async def get_timeline(
        case_id: UUID, principal: Reader, limit: LimitParam = DEFAULT_LIMIT, cursor: CursorParam = None
    ) -> Response:
        """Every event of the case from all four services, by occurred_at, source and sequence."""
        viewer = viewer_of(principal)
        viewer.forbid_sources("timelines")
        async with desk.db.connection() as tx:
            await visible(tx, case_id, viewer)
            found = await timeline.page(tx, case_id, after=timeline_place(cursor), limit=limit + 1)
        items = [TimelineEntry.model_validate(entry) for entry in found[:limit]]
        return reply(page(items, [(e.occurred_at, e.source, e.sequence) for e in found], limit))


async def visible(tx: Tx, case_id: UUID, viewer: Viewer) -> Case:
    """The case; 404 when it is not there, or not for these eyes."""
    case = await cases.find(tx, case_id)
    hidden = viewer.source is not None and not await reports.has_report_of(tx, case_id, viewer.source)
    if case is None or hidden:
        raise Refusal(Reason.NOT_FOUND, "there is no such case")
    return case


def page(items: Sequence[Any], places: Sequence[tuple[Any, ...]], limit: int) -> Page[Any]:
    """A page of `items`; `places` are those of one more than fits, when there are more."""
    following = encode_cursor(*(_plain(part) for part in places[limit - 1])) if len(places) > limit else None
    return Page(items=items, next_cursor=following)


def place(cursor: str | None) -> tuple[datetime, UUID] | None:
    """(instant, id) of a cursor; 422 for anything else."""
    position = decode_cursor(cursor, str, str)
    if position is None:
        return None
    try:
        return _instant(position[0]), UUID(position[1])
    except ValueError:
        raise _bad_cursor() from None


def timeline_place(cursor: str | None) -> tuple[datetime, str, int] | None:
    """(occurred_at, source, sequence) of a cursor; 422 for anything else."""
    position = decode_cursor(cursor, str, str, int)
    if position is None:
        return None
    try:
        instant, source, sequence = _instant(position[0]), position[1], position[2]
    except ValueError:
        raise _bad_cursor() from None
    if "\0" in source or not 0 <= sequence < 2**63:
        raise _bad_cursor()
    return instant, source, sequence


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None or not 1 < instant.year < 9999:
        raise ValueError("an instant has an offset")
    return instant


def _plain(part: Any) -> Any:
    return part.isoformat() if isinstance(part, datetime) else str(part) if isinstance(part, UUID) else part


def _bad_cursor() -> Exception:
    return unprocessable(("query", "cursor"), "This is no cursor of this list; take next_cursor as it was given.")
