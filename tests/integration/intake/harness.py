"""intake in this process on a real database, called over its own HTTP application; everything but Kafka."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from services.intake.app import build
from services.intake.handlers import handle
from shared.bus.messages import Received
from shared.clock import SystemClock
from shared.components.component import Component
from shared.config.holder import ConfigHolder
from shared.contracts.registry import EVENT_TYPES, Event
from shared.db import Database
from shared.ids import uuid7
from shared.observability.metrics import Metrics
from shared.runtime.resources import Resources
from shared.settings import Settings
from tests.support.caller import escalation
from tests.support.config_dir import key, write


@dataclass
class Intake:
    """One running intake; `api` is its application, `db` its database."""

    db: Database
    api: Any
    metrics: Metrics
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def client(self, principal: str) -> httpx.AsyncClient:
        """HTTP as one principal."""
        if principal not in self.clients:
            transport = httpx.ASGITransport(app=self.api, raise_app_exceptions=False)
            headers = {"Authorization": f"Bearer {key(principal)}"}
            self.clients[principal] = httpx.AsyncClient(transport=transport, base_url="http://intake", headers=headers)
        return self.clients[principal]

    async def get(self, path: str, principal: str = "ana", **params: Any) -> httpx.Response:
        return await self.client(principal).get(path, params=params or None)

    async def post(self, path: str, body: Any = None, principal: str = "report-tool", **headers: str) -> httpx.Response:
        return await self.client(principal).post(path, json=body, headers=headers)

    async def escalate(self, principal: str = "report-tool", **fields: Any) -> dict[str, Any]:
        """Post one escalation that is taken in; the answer."""
        answer = await self.post("/v1/escalations", escalation(**fields), principal)
        assert answer.status_code in (200, 202), answer.text
        return dict(answer.json())

    async def open_case(self, **fields: Any) -> str:
        """The id of a new case."""
        return str((await self.escalate(**fields))["case_id"])

    async def command(self, case_id: str, name: str, principal: str = "ana", **body: Any) -> dict[str, Any]:
        """A command that is taken; the case afterwards."""
        answer = await self.post(f"/v1/cases/{case_id}/{name}", body, principal)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def case(self, case_id: str, principal: str = "ana") -> dict[str, Any]:
        """The case as the principal sees it."""
        return dict((await self.get(f"/v1/cases/{case_id}", principal)).json())

    async def items(self, path: str, principal: str = "ana", **params: Any) -> list[dict[str, Any]]:
        """The items of one page."""
        answer = await self.get(path, principal, **params)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def events(self, case_id: str) -> list[Event]:
        """What the outbox holds of a case, in order, parsed by its class."""
        async with self.db.connection() as connection:
            rows = await connection.fetch("SELECT seq, type, payload FROM outbox WHERE key = $1 ORDER BY id", case_id)
        assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1)), "the sequence has a gap"
        return [EVENT_TYPES[row["type"]].model_validate_json(row["payload"]) for row in rows]

    async def types(self, case_id: str) -> list[str]:
        """The types of a case's events without their prefix."""
        return [event.type.removeprefix("tocsin.case.") for event in await self.events(case_id)]

    async def take(self, *batch: Received) -> None:
        """Hand a batch over as the consumer does."""
        async with self.db.transaction() as tx:
            await handle(batch, tx)

    async def count(self, table: str) -> int:
        """Rows of a table."""
        async with self.db.connection() as connection:
            return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


@asynccontextmanager
async def running(db: Database, folder: Path, files: dict[str, Any]) -> AsyncIterator[Intake]:
    """intake with its acceptor and its sweeper at work; relay and consumer are not started."""
    settings = Settings(config_dir=write(folder, files))
    clock, metrics = SystemClock(), Metrics("intake")
    config = ConfigHolder(settings.config_dir, clock, metrics)
    resources = Resources(service="intake", settings=settings, clock=clock, db=db, config=config, metrics=metrics)
    service = build(settings, resources)
    started: Sequence[Component] = [c for c in service.components if c.name in ("acceptor", "pend reasons")]
    for component in started:
        await component.start()
    intake = Intake(db, service.api, metrics)
    try:
        yield intake
    finally:
        for client in intake.clients.values():
            await client.aclose()
        for component in reversed(started):
            await component.stop()


def received(event: Event, *, source: str, seq: int) -> Received:
    """An event as the consumer hands it over."""
    return Received(
        topic=event.topic,
        partition=0,
        offset=seq,
        key=str(event.case_id),
        source=source,
        seq=seq,
        ce_id=uuid7(),
        type=event.type,
        occurred_at=event.occurred_at,
        event=event,
        value=orjson.loads(event.payload()),
        headers={},
    )
