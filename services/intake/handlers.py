"""Events in: what router, sla_monitor and notifier say of a case goes into its timeline and read model.

Consumes tocsin.assignments, tocsin.clocks and tocsin.pages. Emits nothing and decides nothing: who holds a
case follows the events of tocsin.assignments in their order, whatever else comes between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.intake.store import cases, protection, timeline
from services.intake.store.protection import Erasure
from services.intake.store.timeline import Entry
from shared.bus.messages import Received
from shared.contracts.events import Event
from shared.contracts.vocabulary import Topic
from shared.db import Tx
from shared.protection import scrubbing

TOPICS = (Topic.ASSIGNMENTS, Topic.CLOCKS, Topic.PAGES)


@dataclass(frozen=True, slots=True)
class _Told:
    """An event that belongs to a case."""

    received: Received
    event: Event
    case_id: UUID


async def handle(batch: Sequence[Received], tx: Tx) -> None:
    """Take a batch in order per case; events without a case, or of unknown types, are for others."""
    told = [
        _Told(received, received.event, received.event.case_id)
        for received in batch
        if received.event is not None and received.event.case_id is not None
    ]
    await _follow_holders(tx, [item for item in told if item.received.topic is not Topic.CLOCKS])
    erasures = await protection.erasures(tx, {item.case_id for item in told})
    await timeline.add(tx, [_entry(item, erasures.get(item.case_id)) for item in told])


async def _follow_holders(tx: Tx, told: Sequence[_Told]) -> None:
    """Pages change no holder; their cases are locked with the others, so that an erase comes before or after."""
    if not told:
        return
    before = await cases.lock_holders(tx, [item.case_id for item in told])
    holders = dict(before)
    for item in told:
        if item.case_id in holders and item.received.topic is Topic.ASSIGNMENTS:
            holders[item.case_id] = holders[item.case_id].after(item.event)
    await cases.save_holders(tx, {key: holder for key, holder in holders.items() if holder != before[key]})


def _entry(item: _Told, erasure: Erasure | None) -> Entry:
    change = item.received.value["change"]
    return Entry(
        case_id=item.case_id,
        source=item.received.source,
        sequence=item.received.seq,
        type=item.received.type,
        occurred_at=item.event.occurred_at,
        recorded_at=item.event.recorded_at,
        actor=item.received.value["actor"],
        change=scrubbing.change(change) if erasure is not None and erasure.covers(item.event.occurred_at) else change,
    )
