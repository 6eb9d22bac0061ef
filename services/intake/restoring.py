"""Every open case said again after a restore. Emits tocsin.case.snapshot through the outbox."""

from collections.abc import Sequence

from services.intake.case import INTAKE, Case, advance
from services.intake.casework import publish
from services.intake.store import restoring
from shared.contracts.case_events import CaseSnapshot, SnapshotChange
from shared.db import Tx
from shared.observability.tracing import traceparent


async def say_again(tx: Tx, keys: Sequence[str]) -> list[Case]:
    """A snapshot of each of these cases that is not resolved; the cases as they are then."""
    cases = await restoring.some(tx, keys)
    now = await tx.fetchval("SELECT statement_timestamp()")
    steps = [advance(case, CaseSnapshot, SnapshotChange(), who=INTAKE, now=now) for case in cases]
    await publish(tx, steps, [traceparent()] * len(steps))
    await restoring.said_again(tx, [case.case_id for case in cases], now)
    return [step.case for step in steps]
