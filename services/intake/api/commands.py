"""POST of commands on a case: one route for each, all carried out alike."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header
from starlette.responses import Response

from services.intake.api.desk import Desk, who_of
from services.intake.api.shapes import CaseView, case_view
from services.intake.case import Case
from services.intake.casework import execute
from services.intake.commands import COMMANDS, Command
from shared.components.crash import crash_point
from shared.contracts.vocabulary import Scope
from shared.db import Tx
from shared.http.idempotency import Answer, Idempotency, IdempotencyDep
from shared.http.security import Principal, require
from shared.http.server import router

Commander = Annotated[Principal, Depends(require(Scope.CASES_WRITE, persons=True))]
IfMatch = Annotated[str | None, Header(max_length=1000, description='The version that the case must have: `"3"`.')]
_TAG = re.compile(r'\s*"(\d{1,18})"\s*')


def routes(desk: Desk) -> APIRouter:
    """POST /v1/cases/{id}/{command} for the ten commands."""
    api = router()
    for kind in COMMANDS:
        _add(api, desk, kind)
    return api


def _add(api: APIRouter, desk: Desk, kind: type[Command]) -> None:
    """One command. A body whose fields are all optional may be left out."""

    async def command(
        case_id: UUID,
        body: kind,  # type: ignore[valid-type]
        principal: Commander,
        idem: IdempotencyDep,
        if_match: IfMatch = None,
    ) -> Response:
        return await carry_out(desk, case_id, body, principal, idem, if_match)

    async def command_alone(
        case_id: UUID,
        principal: Commander,
        idem: IdempotencyDep,
        body: kind | None = None,  # type: ignore[valid-type]
        if_match: IfMatch = None,
    ) -> Response:
        return await carry_out(desk, case_id, body or kind(), principal, idem, if_match)

    needs_body = any(field.is_required() for field in kind.model_fields.values())
    add = api.post(
        f"/v1/cases/{{case_id}}/{kind.name}", name=kind.name, description=kind.__doc__, response_model=CaseView
    )
    add(command if needs_body else command_alone)


async def carry_out(
    desk: Desk, case_id: UUID, command: Command, principal: Principal, idem: Idempotency, if_match: str | None
) -> Response:
    """The case after the command, in one transaction with its events; commands on one case take turns."""

    async def work(tx: Tx) -> Answer:
        desk.require_room()
        case = await execute(
            tx,
            desk.db,
            case_id,
            command,
            who=who_of(principal),
            config=desk.config.current,
            expected=versions(if_match),
        )
        crash_point("intake.before_commit")
        return answer_of(case)

    async with desk.turns.of(case_id):
        response = await idem.run(desk.db, work)
    crash_point("intake.after_commit")
    desk.committed()
    return response


def answer_of(case: Case) -> Answer:
    """The case, its version as ETag."""
    return Answer(200, case_view(case, for_source=False), {"ETag": f'"{case.version}"'})


def versions(if_match: str | None) -> frozenset[int] | None:
    """The versions that `If-Match` allows; None: any. What is no strong tag of ours matches none."""
    if if_match is None or if_match.strip() == "*":
        return None
    tags = (_TAG.fullmatch(part) for part in if_match.split(","))
    return frozenset(int(tag.group(1)) for tag in tags if tag is not None)
