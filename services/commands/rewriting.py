"""One transaction over the four restored schemas: numbers raised, positions moved, pages taken back, cases said again.

Everything that one service counts and another one counts along rises by the same step, so that nobody sees a gap.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from services.commands.aftermath import Aftermath
from services.intake.handlers import TOPICS as INTAKE_READS
from services.intake.restoring import say_again
from services.intake.store import restoring as intake
from services.intake.summary import summary_of
from services.notifier.app import TOPICS as NOTIFIER_READS
from services.notifier.remembering import remember
from services.notifier.store import cases as notifier_cases
from services.notifier.store import restoring as notifier
from services.router.handlers import TOPICS as ROUTER_READS
from services.router.store import cases as router_cases
from services.router.store import restoring as router
from services.sla_monitor.handlers import TOPICS as MONITOR_READS
from services.sla_monitor.store import cases as monitor_cases
from services.sla_monitor.store import restoring as monitor
from shared.bus import renumbering
from shared.bus.kafka import partition_of
from shared.bus.messages import source_of
from shared.bus.positions import Place
from shared.bus.renumbering import chunks
from shared.contracts.vocabulary import ServiceName, Topic
from shared.db import Database, Tx

READS: Mapping[ServiceName, Sequence[Topic]] = {
    ServiceName.INTAKE: INTAKE_READS,
    ServiceName.ROUTER: ROUTER_READS,
    ServiceName.SLA_MONITOR: MONITOR_READS,
    ServiceName.NOTIFIER: NOTIFIER_READS,
}
WRITES = {
    ServiceName.INTAKE: Topic.CASES,
    ServiceName.ROUTER: Topic.ASSIGNMENTS,
    ServiceName.SLA_MONITOR: Topic.CLOCKS,
    ServiceName.NOTIFIER: Topic.PAGES,
}
STORES: Mapping[ServiceName, Any] = {
    ServiceName.INTAKE: intake,
    ServiceName.ROUTER: router,
    ServiceName.SLA_MONITOR: monitor,
    ServiceName.NOTIFIER: notifier,
}


@dataclass(frozen=True)
class Found:
    """What is to be done, before anything is: where the log ends, what it holds, which keys are concerned."""

    ends: Mapping[Place, int]
    cluster_id: str
    after: Aftermath
    keys: Sequence[str]
    open_keys: Sequence[str]


@dataclass
class Rewriting:
    """The transaction. `steps` says by how much what a source (by its `ce_source`) says of a key was raised."""

    tx: Tx
    found: Found
    steps: dict[tuple[str, str], int] = field(default_factory=dict)

    async def everything(self) -> None:
        """All of it, in order."""
        await self._make_known()
        for name in ServiceName:
            await self._renumber(name)
        for name in ServiceName:
            await self._read_on_at_the_ends(name)
        await self._remember_pages()
        await self.inside(ServiceName.INTAKE)
        for chunk in chunks(self.found.open_keys):
            await say_again(self.tx, chunk)

    async def inside(self, name: ServiceName) -> None:
        """Work on the schema of this service from here on."""
        await self.tx.execute(f"SET LOCAL search_path TO {name.value}")

    async def _make_known(self) -> None:
        """Every service has a row for each open case, in which it counts; what the case is comes with its snapshot."""
        for chunk in chunks(self.found.open_keys):
            await self.inside(ServiceName.INTAKE)
            cases = {case.case_id: case for case in await intake.some(self.tx, chunk)}
            stubs = {id_: (partition_of(str(id_)), summary_of(case)) for id_, case in cases.items()}
            await self.inside(ServiceName.ROUTER)
            await router_cases.add_stubs(self.tx, stubs)
            await self.inside(ServiceName.SLA_MONITOR)
            await monitor_cases.add_stubs(self.tx, stubs)
            await self.inside(ServiceName.NOTIFIER)
            await notifier.add_keys(self.tx, {id_: id_ for id_ in cases})

    async def _renumber(self, name: ServiceName) -> None:
        """Raise what this service has said, say what may not have been heard, and have its readers count along."""
        step = self.found.after.steps[name] - int(name is ServiceName.INTAKE)  # the snapshot is one more
        await self.inside(name)
        keys: list[str] = []
        for chunk in chunks(self.found.keys):
            there = sorted(await STORES[name].sequences(self.tx, chunk))
            await STORES[name].raise_sequences(self.tx, there, step)
            keys += there
        await renumbering.say(self.tx, keys, self.found.after.standing[name], step)
        for reader in (one for one in ServiceName if WRITES[name] in READS[one]):
            await self.inside(reader)
            await renumbering.raise_heard(self.tx, keys, source_of(name.value), step)
        self.steps |= {(key, source_of(name.value)): step for key in keys}

    async def _read_on_at_the_ends(self, name: ServiceName) -> None:
        await self.inside(name)
        await renumbering.raise_parked(self.tx, self.steps)
        topics = {topic.value for topic in READS[name]}
        ends = {place: end for place, end in self.found.ends.items() if place.topic in topics}
        await renumbering.move_positions(self.tx, ends, self.found.cluster_id)

    async def _remember_pages(self) -> None:
        """Pages that went out after the dump stand again, so that nothing is paged twice."""
        await self.inside(ServiceName.NOTIFIER)
        now = await self.tx.fetchval("SELECT statement_timestamp()")
        said = self.found.after.lost_pages
        for chunk in chunks([str(key) for key in said]):
            keys = {key: events for key, events in said.items() if str(key) in set(chunk)}
            found = await notifier_cases.load(self.tx, {key: events[0].case_id for key, events in keys.items()})
            for key, case in found.items():
                remember(case, keys[key], now)
            await notifier_cases.save(self.tx, found.values(), now)


@asynccontextmanager
async def rewriting(databases: Mapping[ServiceName, Database], found: Found) -> AsyncIterator[Rewriting]:
    """The transaction, as long as it takes; committed when the block ends."""
    async with databases[ServiceName.INTAKE].transaction() as tx:
        await tx.execute("SET LOCAL statement_timeout = 0")
        await tx.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield Rewriting(tx, found)
