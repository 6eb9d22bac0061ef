"""GET /v1/pages: pages with everything that was tried."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from services.notifier.api.known import uuid_or_404
from services.notifier.api.page_details import details, no_such_page
from services.notifier.api.shapes import PageDetail
from services.notifier.store import listing
from shared.contracts.vocabulary import PageState, Scope
from shared.db import Database
from shared.http.paging import DEFAULT_LIMIT, CursorParam, LimitParam, decode_cursor, encode_cursor
from shared.http.paging import Page as ListPage
from shared.http.problems import unprocessable
from shared.http.responses import reply
from shared.http.security import Principal, require
from shared.http.server import router

Reader = Annotated[Principal, Depends(require(Scope.PAGES_READ, persons=True))]
Writer = Annotated[Principal, Depends(require(Scope.PAGES_WRITE))]
CaseParam = Annotated[UUID | None, Query(description="Only pages of this case.")]
StateParam = Annotated[PageState | None, Query(description="Only pages in this state.")]


def routes(db: Database) -> APIRouter:
    """The routes that read."""
    api = router(tags=["pages"])

    @api.get("/v1/pages", response_model=ListPage[PageDetail])
    async def pages(
        _: Reader,
        case_id: CaseParam = None,
        state: StateParam = None,
        limit: LimitParam = DEFAULT_LIMIT,
        cursor: CursorParam = None,
    ) -> Response:
        """Pages, newest first."""
        before = _position(cursor)
        async with db.connection() as connection:
            found = await listing.pages(connection, case_id=case_id, state=state, before=before, limit=limit + 1)
            items = await details(connection, found[:limit])
        more = encode_cursor(str(items[-1].page_id)) if len(found) > limit else None
        return reply({"items": items, "next_cursor": more})

    @api.get("/v1/pages/{page_id}", response_model=PageDetail)
    async def page(page_id: str, _: Reader) -> Response:
        """One page with every attempt, receipt and step."""
        async with db.connection() as connection:
            found = await listing.page(connection, uuid_or_404(page_id))
            if found is None:
                raise no_such_page()
            return reply((await details(connection, [found]))[0])

    return api


def _position(cursor: str | None) -> UUID | None:
    position = decode_cursor(cursor, str)
    try:
        return UUID(position[0]) if position else None
    except ValueError:
        raise unprocessable(("query", "cursor"), "This is no cursor of this list.") from None
