"""HTTP in: people, presence, queue, assignments, decisions and previews (contract section 5). Thin."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.router import enquiry
from services.router.commands import Commands
from services.router.explain import as_read_by
from services.router.listing import Lists
from services.router.refusals import as_problems
from services.router.rulebook import Rulebook
from services.router.shapes import DeclineCommand, PresenceCommand, QueueItem, SpecialistView
from services.router.store import cases
from shared.contracts.escalation import Escalation
from shared.contracts.events import Actor
from shared.contracts.scalars import SafeText
from shared.contracts.views import AssignmentView, DecisionView
from shared.contracts.vocabulary import ActorKind, AssignmentState, Scope
from shared.db import Database, Tx
from shared.http.idempotency import Answer, Idempotency
from shared.http.paging import DEFAULT_LIMIT, CursorParam, LimitParam, Page
from shared.http.problems import forbidden, invalid
from shared.http.security import Principal, require
from shared.http.server import router

Reader = Annotated[Principal, Depends(require(Scope.ROUTING_READ))]
Writer = Annotated[Principal, Depends(require(Scope.ROUTING_WRITE, persons=True))]
Onlooker = Annotated[Principal, Depends(require(Scope.ROUTING_READ, persons=True))]
"""Reads of cases, whosever they are."""
Once = Annotated[Idempotency, Depends(Idempotency.of)]


def routes(db: Database, rulebook: Rulebook, commands: Commands) -> APIRouter:
    """The routes of the router."""
    api = router()
    lists = Lists(db, rulebook)
    _add_people(api, lists, commands)
    _add_assignments(api, db, lists, commands)
    _add_decisions(api, db, rulebook, lists)
    return api


def _add_people(api: APIRouter, lists: Lists, commands: Commands) -> None:
    @api.get("/v1/specialists")
    async def specialists(
        _reader: Reader, limit: LimitParam = DEFAULT_LIMIT, cursor: CursorParam = None
    ) -> Page[SpecialistView]:
        """Everybody of the roster as they stand, by id."""
        return await lists.specialists(limit=limit, cursor=cursor)

    @api.get("/v1/specialists/{specialist_id}")
    async def specialist(specialist_id: str, _reader: Reader) -> SpecialistView:
        """One specialist."""
        return await lists.specialist(specialist_id)

    @api.put("/v1/specialists/{specialist_id}/presence")
    async def presence(specialist_id: str, said: PresenceCommand, writer: Writer) -> SpecialistView:
        """Say how one is present oneself, or as a lead for others."""
        if writer.id != specialist_id and not writer.is_lead:
            raise forbidden("Presence is said by that person or by a lead.")
        await lists.specialist(specialist_id)
        await commands.set_presence(specialist_id, said.state, actor=_actor(writer))
        return await lists.specialist(specialist_id)

    @api.get("/v1/queue")
    async def queue(
        _reader: Onlooker,
        policy_area: SafeText | None = None,
        language: SafeText | None = None,
        region: SafeText | None = None,
        limit: LimitParam = DEFAULT_LIMIT,
        cursor: CursorParam = None,
    ) -> Page[QueueItem]:
        """Cases that wait or are unroutable, longest first."""
        return await lists.queue(policy_area=policy_area, language=language, region=region, limit=limit, cursor=cursor)


def _add_assignments(api: APIRouter, db: Database, lists: Lists, commands: Commands) -> None:
    @api.get("/v1/assignments")
    async def assignments(
        _reader: Onlooker,
        specialist: SafeText | None = None,
        case_id: UUID | None = None,
        state: AssignmentState | None = None,
        limit: LimitParam = DEFAULT_LIMIT,
        cursor: CursorParam = None,
    ) -> Page[AssignmentView]:
        """Assignments, newest first."""
        return await lists.assignments(specialist=specialist, case_id=case_id, state=state, limit=limit, cursor=cursor)

    @api.post("/v1/assignments/{assignment_id}/accept", response_model=AssignmentView)
    async def accept(assignment_id: UUID, writer: Writer, once: Once) -> Response:
        """Take an offer on; the case stays open, its acknowledge clock stops."""

        async def work(tx: Tx) -> Answer:
            with as_problems():
                taken = await commands.accept(tx, assignment_id, actor=_actor(writer), lead=writer.is_lead)
            return Answer(200, taken.view())

        return await _done(await once.run(db, work), commands)

    @api.post("/v1/assignments/{assignment_id}/decline", response_model=AssignmentView)
    async def decline(assignment_id: UUID, said: DeclineCommand, writer: Writer, once: Once) -> Response:
        """Refuse an offer; it goes to somebody else."""

        async def work(tx: Tx) -> Answer:
            with as_problems():
                refused = await commands.decline(
                    tx, assignment_id, said.reason, actor=_actor(writer), lead=writer.is_lead
                )
            return Answer(200, refused.view())

        return await _done(await once.run(db, work), commands)


def _add_decisions(api: APIRouter, db: Database, rulebook: Rulebook, lists: Lists) -> None:
    @api.get("/v1/cases/{case_id}/routing")
    async def routing(
        case_id: UUID, reader: Onlooker, limit: LimitParam = DEFAULT_LIMIT, cursor: CursorParam = None
    ) -> Page[DecisionView]:
        """Every decision about a case, explained, newest first."""
        page = await lists.decisions(case_id, limit=limit, cursor=cursor)
        return Page(items=[_shown(one, reader) for one in page.items], next_cursor=page.next_cursor)

    @api.post("/v1/routing/preview", response_model=DecisionView)
    async def preview(escalation: Escalation, reader: Reader, once: Once) -> Response:
        """The decision that would be taken now; nothing changes."""

        async def work(tx: Tx) -> Answer:
            floor = await rulebook.desk.floor(db, tx, cases=1)
            faults = [(("body", field), text) for field, text in enquiry.faults(escalation, floor.rules, floor.now)]
            if faults:
                raise invalid(faults)
            subject = escalation.subject
            known = await cases.familiar_with(tx, subject.type, subject.id) if subject else frozenset()
            return Answer(200, _shown(enquiry.decide(escalation, floor, familiar=known), reader))

        return await once.run(db, work)


async def _done(answer: Response, commands: Commands) -> Response:
    commands.committed()
    return answer


def _shown(decision: DecisionView, reader: Principal) -> DecisionView:
    return as_read_by(reader.id, decision, lead=reader.is_lead)


def _actor(principal: Principal) -> Actor:
    return Actor(kind=ActorKind(principal.kind.value), id=principal.id)
