"""Writes what a transaction did: people, cases, assignments, decisions, and the events that tell of it."""

from services.router.casework import Casework
from services.router.store import assignments, cases, decisions, specialists
from shared.bus import outbox
from shared.bus.messages import Message
from shared.db import Tx


async def write(tx: Tx, work: Casework) -> None:
    """Write everything in `work`. Its cases are locked; people are locked here, after them."""
    await specialists.settle(tx, loads=work.loads, answered=work.answered, expired=work.expired, now=work.now)
    await cases.save(tx, [work.cases[case_id] for case_id in sorted(work.changed)], work.rules)
    await decisions.add(tx, work.decisions)
    await assignments.save(tx, work.assignments.values())
    await outbox.enqueue(
        tx,
        [
            Message.of(event, key=str(event.case_id), seq=seq, traceparent=work.cases[event.case_id].trace)
            for event, seq in work.events
        ],
    )
