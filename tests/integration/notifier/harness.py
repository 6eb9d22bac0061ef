"""notifier in this process on a real database, fed with events by hand: everything but Kafka and HTTP in."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from services.notifier.channels.registry import ChannelRegistry
from services.notifier.dispatcher import Dispatcher
from services.notifier.handlers import Handlers
from services.notifier.metrics import NotifierMetrics
from services.notifier.paging import Paging
from services.notifier.rulebooks import Rulebooks
from services.notifier.settings import LinkSettings
from services.notifier.store import listing
from shared.bus.messages import Received
from shared.clock import SystemClock
from shared.config.loading import load
from shared.config.models import Configuration
from shared.config.oncall import OnCallConfig
from shared.contracts.events import Actor, Event
from shared.contracts.vocabulary import ActorKind, Topic
from shared.db import Database
from shared.ids import uuid7
from shared.observability.metrics import Metrics
from shared.settings import Settings
from tests.support.config_dir import write
from tests.support.samples import SUMMARY, change_of, sample
from tests.support.waiting import wait_until


@dataclass
class Desk:
    """One notifier. `config` may be replaced while it runs."""

    db: Database
    config: Configuration
    metrics: Metrics = field(default_factory=lambda: Metrics("notifier"))
    paging: Paging = field(init=False)
    handlers: Handlers = field(init=False)
    dispatcher: Dispatcher = field(init=False)
    links: LinkSettings = field(init=False)

    def __post_init__(self) -> None:
        clock = SystemClock()
        rulebooks = Rulebooks(lambda: self.config)
        notifier_metrics = NotifierMetrics(self.metrics, self.db, rulebooks)
        self.links = LinkSettings.of(Settings(secret_key="a secret of tests", public_url="http://tocsin.test"))
        channels = ChannelRegistry(lambda: self.config, clock.now)
        self.dispatcher = Dispatcher(
            self.db, channels, notifier_metrics, clock, link_for=self.links.link_for, relay=lambda: None
        )
        self.rulebooks = rulebooks
        self.paging = Paging(self.db, rulebooks, notifier_metrics, wake=self.dispatcher.wake)
        self.handlers = Handlers(self.paging)

    async def take(self, *events: Event) -> None:
        """Take events in one batch, as the consumer does."""
        async with self.db.transaction() as tx:
            await self.handlers([received(event) for event in events], tx)
        self.handlers.committed()

    async def acknowledge(self, page_id: UUID, by: str) -> None:
        """As a person does."""
        async with self.db.transaction() as tx:
            found = await self.paging.acknowledge(tx, page_id, Actor(kind=ActorKind.PERSON, id=by))
        assert found is not None
        self.paging.done([found[1]])

    def use_oncall(self, oncall: dict[str, Any]) -> None:
        """Take up another oncall.yaml."""
        self.config = replace(self.config, oncall=OnCallConfig.model_validate(oncall))

    async def pages(self, case_id: UUID | None = None) -> list[Any]:
        """Pages, oldest first."""
        async with self.db.connection() as connection:
            found = await listing.pages(connection, case_id=case_id, state=None, before=None, limit=1000)
        return found[::-1]

    async def page(self, case_id: UUID | None = None) -> Any:
        """The only page."""
        (page,) = await self.pages(case_id)
        return page

    async def attempts(self, page_id: UUID) -> list[Any]:
        """A page's attempts, oldest first."""
        async with self.db.connection() as connection:
            return (await listing.attempts(connection, [page_id]))[page_id]

    async def outbox(self, key: UUID) -> list[tuple[int, str]]:
        """(seq, type without prefix) of what is to be sent for a key."""
        async with self.db.connection() as connection:
            rows = await connection.fetch("SELECT seq, type FROM outbox WHERE key = $1 ORDER BY id", str(key))
        return [(row["seq"], row["type"].removeprefix("tocsin.page.")) for row in rows]

    async def expire_step(self, page_id: UUID) -> None:
        """As if the acknowledgement time of the current step were over."""
        async with self.db.connection() as connection:
            await connection.execute("UPDATE page SET step_due_at = statement_timestamp() WHERE page_id = $1", page_id)
        await wait_until(self.paging.step_on, what="a step")


@asynccontextmanager
async def running(db: Database, folder: Path, files: dict[str, Any]) -> AsyncIterator[Desk]:
    """A desk whose dispatcher works until the block ends."""
    desk = Desk(db, load(write(folder, files)))
    await desk.dispatcher.start()
    try:
        yield desk
    finally:
        await desk.dispatcher.stop()


def received(event: Event) -> Received:
    """An event as the consumer hands it over."""
    return Received(
        topic=Topic(event.topic),
        partition=0,
        offset=0,
        key=str(event.case_id),
        source="/tocsin/test",
        seq=1,
        ce_id=uuid7(),
        type=event.type,
        occurred_at=event.occurred_at,
        event=event,
        value=orjson.loads(event.payload()),
        headers={},
    )


@dataclass
class Case:
    """Makes events of one case."""

    case_id: UUID = field(default_factory=uuid7)
    severity: str = "critical"
    version: int = 1
    status: str = "open"

    def event(self, type_: str, change: dict[str, Any] | None = None, **fields: Any) -> Event:
        """An event of the case, now."""
        summary = {**SUMMARY, "severity": self.severity, "version": self.version, "status": self.status}
        values = {"case_id": self.case_id, "occurred_at": datetime.now(UTC), "case": summary, **fields}
        if change is not None:
            values["change"] = change
        return sample(f"tocsin.{type_}", **values)

    def clock(self, type_: str, clock_id: UUID, *, name: str = "resolve", kind: str = "internal", **rest: Any) -> Event:
        """An event of one of the case's clocks."""
        now = datetime.now(UTC)
        clock = change_of(f"tocsin.clock.{type_}")["clock"]
        shown = {
            **clock,
            "clock_id": clock_id,
            "case_id": self.case_id,
            "name": name,
            "kind": kind,
            "breached_at": rest.pop("breached_at", now) if type_ == "breached" else None,
        }
        return self.event(f"clock.{type_}", {"clock": shown, **rest})

    def resolved(self) -> Event:
        """case.resolved."""
        self.version, self.status = self.version + 1, "resolved"
        return self.event("case.resolved")


def ago(**units: float) -> datetime:
    """An instant before now."""
    return datetime.now(UTC) - timedelta(**units)


async def settled(awaitables: Iterable[Any]) -> None:
    """All at once."""
    await asyncio.gather(*awaitables)
