"""An edge with two routes of its own, which the tests here call."""

from typing import Annotated
from uuid import UUID

import pytest
from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict

from shared.contracts.scalars import SafeText
from shared.contracts.vocabulary import Scope
from shared.errors import Transient
from shared.http.paging import DEFAULT_LIMIT, CursorParam, LimitParam, Page, decode_cursor, encode_cursor
from shared.http.security import Principal, require
from shared.http.server import router
from tests.support.edge import edge, principal


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: SafeText
    number: int = 0
    labels: dict[SafeText, SafeText] = {}


Reader = Annotated[Principal, Depends(require(Scope.CASES_READ))]
Writer = Annotated[Principal, Depends(require(Scope.CASES_WRITE))]


@pytest.fixture
def app() -> FastAPI:
    """Ana reads and writes, Ben only reads, Lead is admin; `/v1/things` takes a thing."""
    app = edge(
        principal("ana", "cases:read", "cases:write"),
        principal("ben", "cases:read"),
        principal("lead", "admin", role="lead"),
    )
    routes = router()

    @routes.get("/v1/things")
    async def things(_principal: Reader, limit: LimitParam = DEFAULT_LIMIT, cursor: CursorParam = None) -> Page[int]:
        [start] = decode_cursor(cursor, int) or [0]
        return Page(items=list(range(start, start + limit)), next_cursor=encode_cursor(start + limit))

    @routes.post("/v1/things", status_code=201)
    async def add(thing: Thing, principal: Writer) -> dict[str, str]:
        return {"name": thing.name, "by": principal.id}

    @routes.get("/v1/things/{thing_id}")
    async def thing(thing_id: UUID, _principal: Reader) -> dict[str, str]:
        return {"thing_id": str(thing_id)}

    @routes.get("/v1/away")
    async def away() -> None:
        raise Transient("PostgreSQL is away", retry_after=3)

    @routes.get("/v1/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    @routes.post("/v1/escalations/batch")
    async def batch(body: dict[str, str], _principal: Writer) -> dict[str, int]:
        return {"fields": len(body)}

    app.include_router(routes)
    return app
