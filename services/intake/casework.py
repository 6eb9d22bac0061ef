"""Commands on cases, carried out: lock, decide, persist state, timeline and outbox in one transaction.

Emits the events of tocsin.cases. Also ends pend reasons whose `until` has come.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

import orjson

from services.intake.case import Case, Decision, Step, Who
from services.intake.commands import Command, asked
from services.intake.pending import expire
from services.intake.refusal import Reason, Refusal
from services.intake.store import cases, reports, timeline
from services.intake.store.reports import Note
from services.intake.store.timeline import Entry
from services.intake.summary import event_of
from services.intake.transitions import Context, decide
from shared import audit
from shared.bus import outbox
from shared.bus.messages import Message, source_of
from shared.components.crash import crash_point
from shared.config.models import Configuration
from shared.db import Database, Tx
from shared.ids import uuid7
from shared.observability.tracing import traceparent

SOURCE = source_of("intake")


async def execute(
    tx: Tx,
    db: Database,
    case_id: UUID,
    command: Command,
    *,
    who: Who,
    config: Configuration,
    expected: frozenset[int] | None = None,
) -> Case:
    """The case after the command; `Refusal` or `Invalid` when it cannot be. `expected`: the versions it may have."""
    case = await cases.lock(tx, case_id)
    if case is None:
        raise Refusal(Reason.NOT_FOUND, "there is no such case")
    if expected is not None and case.version not in expected:
        raise Refusal(Reason.VERSION_MISMATCH, f"the case has version {case.version}")
    context = Context(who=who, now=await db.now(tx), config=config, new_id=uuid7)
    decision = decide(case, command, context)
    if decision.steps:
        await audit.record(tx, [audit.Entry(who.actor, f"case.{command.name}", f"case {case_id}", asked(command))])
    return await persist(tx, case, decision)


async def persist(tx: Tx, case: Case, decision: Decision, traces: Sequence[str] | None = None) -> Case:
    """Write a locked case's steps: state, timeline, outbox, note; `traces` as in `publish`, else the present one."""
    if not decision.steps:
        return case
    last = decision.steps[-1]
    await cases.save(tx, case, last.case)
    await publish(tx, decision.steps, traces or [traceparent()] * len(decision.steps))
    if decision.note is not None:
        note = decision.note
        at = last.case.recorded_at
        await reports.add_note(tx, Note(uuid7(), case.case_id, note.text, note.visibility, last.actor.id, at))
    return last.case


async def publish(tx: Tx, steps: Sequence[Step], traces: Sequence[str]) -> None:
    """Put the events of the steps into timeline and outbox, each with the `traceparent` of what caused it."""
    messages, entries = [], []
    for step, trace in zip(steps, traces, strict=True):
        event = event_of(step)
        key = str(event.case_id)
        messages.append(Message.of(event, key=key, seq=step.case.version, traceparent=trace))
        entries.append(
            Entry(
                case_id=event.case_id,
                source=SOURCE,
                sequence=step.case.version,
                type=event.type,
                occurred_at=event.occurred_at,
                recorded_at=event.recorded_at,
                actor=orjson.Fragment(event.actor.model_dump_json()),
                change=orjson.Fragment(event.change.model_dump_json()),
            )
        )
    await timeline.add(tx, entries)
    await outbox.enqueue(tx, messages)


class PendExpiry:
    """Ends pend reasons whose `until` has come; what a sweeper calls."""

    LIMIT = 200

    def __init__(self, db: Database, committed: Callable[[], None]) -> None:
        self._db = db
        self._committed = committed

    async def sweep(self) -> int:
        """End what is due in one transaction; how many cases it was. Nothing due costs one look."""
        async with self._db.connection() as connection:
            if not await cases.any_pend_due(connection, offset=self._db.offset):
                return 0
        async with self._db.transaction() as tx:
            due = await cases.lock_due_pends(tx, offset=self._db.offset, limit=self.LIMIT)
            if not due:
                return 0
            crash_point("timer.before_fire")
            now = await self._db.now(tx)
            for case in due:
                await persist(tx, case, Decision(expire(case, now=now)))
            crash_point("timer.in_transaction")
        crash_point("timer.after_fire")
        self._committed()
        return len(due)
