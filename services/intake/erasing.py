"""Erasing the texts and personal data of a case; its skeleton stays, so that clocks and audit remain true.

Emits case.snapshot: whoever keeps a summary of the case takes the erased one in the order of its events.
"""

from dataclasses import replace
from datetime import datetime

from services.intake.case import INTAKE, Case, Decision, Resolution, Who, advance
from services.intake.casework import persist
from services.intake.store import protection
from shared.contracts.case_events import CaseSnapshot, SnapshotChange
from shared.db import Database, Tx
from shared.protection import store as protected
from shared.protection.scrubbing import ERASED
from shared.protection.store import Counts

AT_ONCE = 20


class Held(Exception):
    """A legal hold covers the case."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"held until {until.isoformat()}")
        self.until = until


async def erase(tx: Tx, db: Database, case: Case, who: Who = INTAKE) -> Counts:
    """Erase a locked case; by table, how many rows lost something. Raises `Held`. A second time finds nothing."""
    now = await db.now(tx)
    if case.preserve_until is not None and case.preserve_until > now:
        raise Held(case.preserve_until)
    counts = await protection.erase(tx, case, max(now, case.resolved_at or now))
    counts |= await protected.scrub_case(tx, case.case_id)
    if any(counts.values()):
        bare = _bare(case)
        step = advance(bare, CaseSnapshot, SnapshotChange(), who=who, now=now)
        await persist(tx, case, Decision((step,)))
    return counts


async def erase_due(tx: Tx, db: Database, cutoff: datetime) -> int:
    """Erase some of the cases that were resolved before `cutoff`; how many."""
    due = await protection.lock_with_text(tx, cutoff, await db.now(tx), AT_ONCE)
    for case in due:
        await erase(tx, db, case)
    return len(due)


def _bare(case: Case) -> Case:
    """The case as it is told from now on."""
    subject = case.subject and case.subject.model_copy(update={"url": None})
    resolution = case.resolution and Resolution(ERASED, None, case.resolution.by)
    return replace(case, summary=ERASED, labels={}, stakeholders=(), subject=subject, resolution=resolution)
