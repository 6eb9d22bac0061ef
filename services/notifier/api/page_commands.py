"""Pages opened, acknowledged and closed by hand; each once per Idempotency-Key."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from services.notifier.api.known import require_policy, uuid_or_404
from services.notifier.api.page_details import details, no_such_page
from services.notifier.api.shapes import NewPage, PageDetail
from services.notifier.case_pages import CasePages
from services.notifier.pages import Page
from services.notifier.paging import Paging
from services.notifier.rulebooks import Rulebooks
from services.notifier.store import listing
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ActorKind, PageReasonKind, PageState, Scope
from shared.db import Database, Tx
from shared.http.idempotency import Answer, IdempotencyDep
from shared.http.problems import Problem, conflict, forbidden, not_yet_known
from shared.http.security import Principal, require
from shared.http.server import router

Writer = Annotated[Principal, Depends(require(Scope.PAGES_WRITE))]


def routes(db: Database, paging: Paging, rulebooks: Rulebooks) -> APIRouter:
    """The routes that change pages."""
    api = router(tags=["pages"])

    @api.post("/v1/pages", response_model=PageDetail, status_code=201)
    async def create(new: NewPage, idem: IdempotencyDep, principal: Writer) -> Response:
        """Page somebody by hand; a source not about a case, since the answer shows whose turn it is there."""
        require_policy(rulebooks, new.policy)
        if new.case_id is not None and principal.is_source:
            raise forbidden("Sources page about no case: they report it at intake.")
        changed: list[CasePages] = []

        async def work(tx: Tx) -> Answer:
            if new.case_id is not None and not await listing.is_known_case(tx, new.case_id):
                raise not_yet_known()
            opened, case = await paging.open_manual(
                tx,
                policy=new.policy,
                summary=new.summary,
                urgency=new.urgency,
                case_id=new.case_id,
                by=actor_of(principal),
            )
            changed.append(case)
            body = (await details(tx, [opened]))[0]
            return Answer(201, body, {"Location": f"/v1/pages/{opened.page_id}"})

        answer = await idem.run(db, work)
        paging.done(changed)
        return answer

    _add_endings(api, db, paging)
    return api


def _add_endings(api: APIRouter, db: Database, paging: Paging) -> None:
    @api.post("/v1/pages/{page_id}/acknowledge", response_model=PageDetail)
    async def acknowledge(page_id: str, idem: IdempotencyDep, principal: Writer) -> Response:
        """Somebody has it; again: the same."""
        changed: list[CasePages] = []

        async def work(tx: Tx) -> Answer:
            page = await _page_for(tx, page_id, principal)
            found = await paging.acknowledge(tx, page.page_id, actor_of(principal))
            assert found is not None
            if found[0].state is PageState.RESOLVED and found[0].acknowledged_at is None:
                raise _closed()
            changed.append(found[1])
            return Answer(200, (await details(tx, [found[0]]))[0])

        answer = await idem.run(db, work)
        paging.done(changed)
        return answer

    @api.post("/v1/pages/{page_id}/resolve", response_model=PageDetail)
    async def resolve(page_id: str, idem: IdempotencyDep, principal: Writer) -> Response:
        """Close a manual page; every other one closes with its last reason."""
        changed: list[CasePages] = []

        async def work(tx: Tx) -> Answer:
            found = await _page_for(tx, page_id, principal)
            if not found.is_only(PageReasonKind.MANUAL):
                raise conflict("not-manual", "Only a manual page is closed by hand; this one closes with its reasons.")
            closed = await paging.resolve(tx, found.page_id, actor_of(principal))
            assert closed is not None
            changed.append(closed[1])
            return Answer(200, (await details(tx, [closed[0]]))[0])

        answer = await idem.run(db, work)
        paging.done(changed)
        return answer


async def _page_for(tx: Tx, page_id: str, principal: Principal) -> Page:
    """The page; 404 when it is not there, or about a case and the principal is a source."""
    page = await listing.page(tx, uuid_or_404(page_id))
    if page is None or (principal.is_source and page.case_id is not None):
        raise no_such_page()
    return page


def actor_of(principal: Principal) -> Actor:
    """Who did it, for the event."""
    return Actor(kind=ActorKind(principal.kind.value), id=principal.id)


def _closed() -> Problem:
    return conflict("illegal-transition", "The page is closed already; there is nothing to acknowledge.")
