"""The router's parts over a real database, driven by hand: events go in, time is set, rounds are called."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from services.router.assignment import Assignment
from services.router.commands import Commands
from services.router.handlers import Handlers
from services.router.matcher import Matcher
from services.router.metrics import RouterMetrics
from services.router.offers import Offers
from services.router.rulebook import Rulebook
from services.router.specialist import Status
from services.router.store import assignments, decisions, specialists
from shared.clock import SystemClock
from shared.config.holder import ConfigHolder
from shared.contracts.events import Actor, CaseBound
from shared.contracts.views import DecisionView
from shared.contracts.vocabulary import ActorKind, AssignmentState, Presence
from shared.db import Database
from shared.observability.metrics import Metrics
from tests.integration.router.tale import received
from tests.support import config_dir


def files(*people: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A configuration with `people` on the roster; `changes` replace keys of routing.yaml."""
    given = config_dir.configuration(pager_url="http://127.0.0.1:1/")
    given["roster"] = {"specialists": list(people), "pools": {}} if people else given["roster"]
    given["routing"] = {**given["routing"], **changes}
    return copy.deepcopy(given)


@dataclass
class Router:
    """One instance."""

    db: Database
    folder: Path
    files: dict[str, Any]
    reached: list[str] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.metrics = Metrics("router")
        self.config = ConfigHolder(config_dir.write(self.folder, self.files), SystemClock(), self.metrics)
        self.rulebook = Rulebook(self.config)
        self.handlers = Handlers(self.db, self.rulebook)
        self.matcher = Matcher(
            self.db,
            self.rulebook,
            SystemClock(),
            RouterMetrics.of(self.metrics),
            announce=lambda: self.woken.append("relay"),
            reach=self.reached.append,
        )
        self.offers = Offers(
            self.db, self.rulebook, SystemClock(), after_commit=lambda: None, reach=self.reached.append
        )
        self.commands = Commands(self.db, self.rulebook, committed=lambda: None)

    def at(self, now: datetime) -> "Router":
        """From here on the database's time is `now` and what passes meanwhile."""
        self.db.offset = now - datetime.now(UTC)
        return self

    async def now(self) -> datetime:
        async with self.db.connection() as connection:
            return await self.db.now(connection)

    async def hears(self, *events: CaseBound) -> None:
        """Take events as the consumer would, in one batch."""
        async with self.db.transaction() as tx:
            await self.handlers([received(event) for event in events], tx)

    async def routes(self, *events: CaseBound) -> None:
        """Take events and decide over what waits."""
        await self.hears(*events)
        await self.matcher.step()

    async def looks_again(self) -> None:
        """Decide over everything, as once a second."""
        self.matcher._looked_at = float("-inf")
        await self.matcher.step()

    async def takes_up(self, files: dict[str, Any]) -> None:
        """Put another configuration in force."""
        config_dir.write(self.folder, files)
        await self.config.look()
        await self.config.look()

    async def accepts(self, case_id: UUID, *, by: str | None = None, lead: bool = False) -> Assignment:
        """The live offer of a case is accepted."""
        live = await self.held(case_id)
        who = Actor(kind=ActorKind.PERSON, id=by or live.specialist)
        async with self.db.transaction() as tx:
            return await self.commands.accept(tx, live.assignment_id, actor=who, lead=lead)

    async def declines(self, case_id: UUID, reason: str = "not mine") -> Assignment:
        """The live offer of a case is declined by whom it was made to."""
        live = await self.held(case_id)
        who = Actor(kind=ActorKind.PERSON, id=live.specialist)
        async with self.db.transaction() as tx:
            return await self.commands.decline(tx, live.assignment_id, reason, actor=who, lead=False)

    async def says(self, specialist: str, presence: Presence) -> None:
        actor = Actor(kind=ActorKind.PERSON, id=specialist)
        await self.commands.set_presence(specialist, presence, actor=actor)

    async def assignments(self, case_id: UUID) -> list[Assignment]:
        """Every assignment of a case, oldest first."""
        async with self.db.connection() as connection:
            found = await assignments.listed(
                connection, specialist=None, case_id=case_id, state=None, before=None, limit=200
            )
        return sorted(found, key=lambda one: one.assignment_id)

    async def held(self, case_id: UUID) -> Assignment:
        """The live assignment of a case."""
        live = [one for one in await self.assignments(case_id) if one.live]
        assert len(live) == 1, f"{len(live)} live assignments"
        return live[0]

    async def holder(self, case_id: UUID) -> str | None:
        """Who has a case, offered or accepted."""
        return next((one.specialist for one in await self.assignments(case_id) if one.live), None)

    async def state(self, case_id: UUID) -> dict[str, Any]:
        """The row of a case."""
        async with self.db.connection() as connection:
            row = await connection.fetchrow("SELECT * FROM cases WHERE case_id = $1", case_id)
        assert row is not None
        return dict(row)

    async def decisions(self, case_id: UUID) -> list[DecisionView]:
        """Decisions about a case, newest first."""
        async with self.db.connection() as connection:
            return await decisions.of_case(connection, case_id, before=None, limit=200)

    async def status(self, specialist: str) -> Status:
        async with self.db.connection() as connection:
            return (await specialists.statuses(connection))[specialist]

    async def loads(self) -> dict[str, int]:
        """Units of everybody who has any."""
        async with self.db.connection() as connection:
            found = await specialists.statuses(connection)
        return {name: status.load for name, status in found.items() if status.load}

    async def told(self, case_id: UUID) -> list[dict[str, Any]]:
        """Everything in the outbox about a case, in order: `seq`, `type` without prefix, and the value."""
        async with self.db.connection() as connection:
            rows = await connection.fetch("SELECT * FROM outbox WHERE key = $1 ORDER BY id", str(case_id))
        return [
            {"seq": r["seq"], "type": r["type"].removeprefix("tocsin.assignment."), **orjson.loads(r["payload"])}
            for r in rows
        ]

    async def story(self, case_id: UUID) -> list[str]:
        """What was told of a case, in words: `offered ana`, `released ana resolved`, `waiting at_capacity`."""
        return [_words(told) for told in await self.told(case_id)]


def _words(told: dict[str, Any]) -> str:
    if "decision" in told["change"]:
        return f"{told['type']} {told['change']['decision']['waiting_reason']}"
    assignment = told["change"]["assignment"]
    return " ".join(filter(None, (told["type"], assignment["specialist"], assignment["reason"])))


def ended(found: Sequence[Assignment]) -> list[tuple[str, AssignmentState, str | None]]:
    """Assignments as (specialist, state, reason)."""
    return [(one.specialist, one.state, one.reason) for one in found]
