"""Acknowledgement links: GET shows a page with a button (mail scanners open links), POST acknowledges.

The signed token is the only key. What GET shows is one self-contained document without scripts.
"""

from datetime import datetime
from html import escape
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from services.notifier import links as tokens
from services.notifier.api.ack_page import HEADERS, document
from services.notifier.links import Link
from services.notifier.pages import Page
from services.notifier.paging import Paging
from services.notifier.settings import LinkSettings
from services.notifier.store import listing
from shared.clock import Clock
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ActorKind
from shared.db import Database
from shared.http.problems import MEDIA_TYPE, Problem, not_found
from shared.http.server import router

PATH = "/v1/ack/{token}"
REFUSED: dict[int | str, dict[str, Any]] = {
    401: {
        "description": "The link was altered or has expired.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}, "text/html": {}},
    }
}


def routes(db: Database, paging: Paging, links: LinkSettings, clock: Clock) -> APIRouter:
    """Both methods of the link."""
    api = router(tags=["acknowledgement"])

    def now() -> datetime:
        return clock.now() + db.offset

    @api.get(PATH, response_class=HTMLResponse, responses=REFUSED)
    async def show(token: str, request: Request) -> Response:
        """What the page is about, and a button."""
        link = tokens.read(links.keys, token, now())
        if link is None:
            return _refused(request)
        async with db.connection() as connection:
            page = await listing.page(connection, link.page_id)
        return _shown(page, link)

    @api.post(PATH, response_class=HTMLResponse, responses=REFUSED)
    async def acknowledge(token: str, request: Request) -> Response:
        """Acknowledge in the name of whom the link was sent to; again: the same."""
        link = tokens.read(links.keys, token, now())
        if link is None:
            return _refused(request)
        async with db.transaction() as tx:
            found = await paging.acknowledge(tx, link.page_id, Actor(kind=ActorKind.PERSON, id=link.by))
        if found is not None:
            paging.done([found[1]])
        return _shown(found[0] if found else None, link)

    return api


def _shown(page: Page | None, link: Link) -> Response:
    if page is None:
        raise not_found("There is no such page.")
    return HTMLResponse(document(page, link.by), headers=HEADERS)


def _refused(request: Request) -> Response:
    """401: as a document for a browser, as a problem for a program."""
    detail = "This link was altered or has expired; take the newest one that you were sent."
    if "text/html" in request.headers.get("accept", ""):
        body = (
            f"<!doctype html><html lang=en><title>Link not valid</title><h1>Link not valid</h1><p>{escape(detail)}</p>"
        )
        return HTMLResponse(body, 401, headers={**HEADERS, "WWW-Authenticate": "Bearer"})
    raise Problem(401, "invalid-link", "Link not valid", detail, headers={"WWW-Authenticate": "Bearer"})
