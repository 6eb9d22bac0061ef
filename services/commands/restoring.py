"""The act behind `tocsin republish`: from a restored database to services that can start.

Reads the topics beyond the restored positions, changes all four schemas in one transaction, and sends what the
outboxes hold then. Until that transaction is committed, nothing has happened.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from services.commands.aftermath import Heard, aftermath
from services.commands.rewriting import READS, STORES, WRITES, Found, rewriting
from services.intake.store import restoring as intake
from shared import audit
from shared.bus import renumbering
from shared.bus.history import History
from shared.bus.positions import Place
from shared.bus.records import read
from shared.bus.relay import Relay
from shared.bus.renumbering import chunks
from shared.clock import SystemClock
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ServiceName
from shared.db import Database
from shared.errors import TocsinError
from shared.observability.metrics import Metrics
from shared.settings import KafkaSettings

SEND_LIMIT = 60.0
"""Seconds without any progress after which sending is left to the services."""

LOOK_EVERY = 0.1

Databases = Mapping[ServiceName, Database]
Progress = Callable[[str], None]


class StillRunning(TocsinError):
    """A service holds a lease."""


async def refuse_while_running(databases: Databases) -> None:
    """Raise `StillRunning` when any service holds a lease."""
    for name, db in databases.items():
        async with db.connection() as connection:
            holders = await renumbering.lease_holders(connection)
        if holders:
            raise StillRunning(
                f"{name} runs: {', '.join(holders)}\n"
                "Stop all four services and try again three seconds later, or say --while-running."
            )


async def look(databases: Databases, kafka: KafkaSettings, progress: Progress) -> Found:
    """Read what the topics hold beyond the restored positions, and judge it. Changes nothing."""
    offsets: dict[ServiceName, dict[Place, int]] = {}
    outboxes: set[str] = set()
    for name, db in databases.items():
        async with db.connection() as connection:
            offsets[name] = await renumbering.next_offsets(connection)
            outboxes |= await renumbering.keys_to_say(connection)
    heard = Heard()
    async with History(kafka, WRITES.values()) as history:
        first, ends = await history.bounds()
        starts = {place: _start(place, offsets, first[place]) for place in ends}
        count = sum(max(0, ends[place] - start) for place, start in starts.items())
        progress(f"reading {count} records that the topics hold beyond the restored positions")
        async for record in history.between(starts, ends):
            heard.add(read(record))
    async with databases[ServiceName.INTAKE].connection() as connection:
        open_keys = await intake.open_keys(connection)
    keys = sorted(filter(_is_uuid, {*heard.keys, *outboxes, *open_keys}))
    known = {name: await _known(db, name, keys) for name, db in databases.items()}
    return Found(ends, history.cluster_id, aftermath(heard, known), keys, open_keys)


async def republish(databases: Databases, found: Found, by: Actor, progress: Progress) -> None:
    """Do it, in one transaction over all schemas, audited by intake."""
    progress(f"saying {len(found.open_keys)} open cases again")
    after = found.after
    detail = {
        "open_cases": len(found.open_keys),
        "lost_cases": len(after.lost_cases),
        "lost_reports": len(after.lost_reports),
    }
    async with rewriting(databases, found) as work:
        await work.everything()
        await work.inside(ServiceName.INTAKE)
        await audit.record(work.tx, [audit.Entry(by, "restore.republish", "installation", detail)])


async def send(databases: Databases, kafka: KafkaSettings, progress: Progress) -> int:
    """Send what the outboxes hold, so that every reader finds it when it starts; how many events are left."""
    left = 0
    for name, db in databases.items():
        relay = Relay(db, kafka, name.value, Metrics(name.value), SystemClock())
        await relay.start()
        try:
            left += await _drained(relay, name, progress)
        finally:
            await relay.stop()
    return left


async def _drained(relay: Relay, name: ServiceName, progress: Progress) -> int:
    pending = await relay.pending()
    if pending:
        progress(f"{name}: sending {pending} events")
    silent = 0.0
    while pending and silent < SEND_LIMIT:
        await asyncio.sleep(LOOK_EVERY)
        left = await relay.pending()
        silent = silent + LOOK_EVERY if left == pending else 0.0
        pending = left
    return pending


def _start(place: Place, offsets: Mapping[ServiceName, Mapping[Place, int]], first: int) -> int:
    """Where the reader that is farthest behind would read on, as far as the log reaches back."""
    readers = [one for one in ServiceName if place.topic in {topic.value for topic in READS[one]}]
    return max(first, min(offsets[one].get(place, first) for one in readers))


async def _known(db: Database, name: ServiceName, keys: Sequence[str]) -> dict[str, int]:
    known: dict[str, int] = {}
    async with db.connection() as connection:
        for chunk in chunks(keys):
            known |= await STORES[name].sequences(connection, chunk)
    return known


def _is_uuid(key: str) -> bool:
    try:
        return str(UUID(key)) == key
    except ValueError:
        return False
