"""Cases under review: loaded with their locks held, judged in memory, written and told in one transaction.

Emits tocsin.clocks, through the outbox.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.sla_monitor.announcing import event_of
from services.sla_monitor.casework import CaseFile, Desk, Review, review
from services.sla_monitor.rulebook import Rulebook
from services.sla_monitor.settlement import Evidence
from services.sla_monitor.store import cases, clocks
from shared.bus import outbox
from shared.bus.messages import Message
from shared.db import Database, Tx
from shared.ids import uuid7


class Caseload:
    """The one way in which clocks change. Every caller holds the locks of the cases that it hands over."""

    def __init__(self, db: Database, rulebook: Rulebook) -> None:
        self._db = db
        self._rulebook = rulebook

    async def with_clocks(self, tx: Tx, locked: Sequence[CaseFile]) -> list[CaseFile]:
        """The locked cases with all their clocks, and the rules to judge them by at hand."""
        found = await clocks.of_cases(tx, [case.case_id for case in locked])
        whole = [replace(case, clocks=tuple(found.get(case.case_id, ()))) for case in locked]
        await self._rulebook.ready(
            version
            for case in whole
            for version in (case.pinned, *(clock.version for clock in case.clocks))
            if version is not None
        )
        return whole

    async def settle(
        self,
        tx: Tx,
        before: Sequence[CaseFile],
        after: Sequence[CaseFile],
        *,
        evidence: Mapping[UUID, Evidence] | None = None,
        traces: Mapping[UUID, str | None] | None = None,
    ) -> tuple[list[Review], datetime]:
        """Review each case of `after` (what `before` became by what was heard), write it and tell its steps.

        Returns the reviews and the instant they were made for. With `evidence` (by case) what is due fires.
        """
        desk = await self.desk()
        now = await self._db.now(tx)
        proof = evidence or {}
        reviews = [review(case, desk, now=now, evidence=proof.get(case.case_id)) for case in after]
        await self.write(tx, before, reviews, now, traces=traces)
        return reviews, now

    async def desk(self, *, to_look: bool = False) -> Desk:
        """What cases are reviewed with. The rules in force are stored, so that a case may be pinned to them, unless
        it is only `to_look`."""
        latest = self._rulebook.latest if to_look else await self._rulebook.keep_latest()
        return Desk(rules=self._rulebook.get, latest=latest, new_id=uuid7)

    async def write(
        self,
        tx: Tx,
        before: Sequence[CaseFile],
        reviews: Sequence[Review],
        now: datetime,
        *,
        traces: Mapping[UUID, str | None] | None = None,
    ) -> None:
        """Write what reviews at `now` made of the locked cases `before`, and tell their steps."""
        trace = traces or {}
        written = [replace(one.case, seq=one.case.seq + len(one.steps)) for one in reviews]
        changed = [case for old, case in zip(before, written, strict=True) if _row(old) != _row(case)]
        if changed:
            await cases.save(tx, changed)
        await clocks.save(tx, [(clock, one.case.partition) for one in reviews for clock in one.changed])
        messages = [message for one in reviews for message in self._told(one, now, trace.get(one.case.case_id))]
        await outbox.enqueue(tx, messages)

    def _told(self, one: Review, now: datetime, trace: str | None) -> list[Message]:
        case = one.case
        return [
            Message.of(
                event_of(step, case.summary, self._rulebook.get(step.clock.version), now),
                key=str(case.case_id),
                seq=seq,
                traceparent=trace,
            )
            for seq, step in enumerate(one.steps, start=case.seq + 1)
        ]


def _row(case: CaseFile) -> CaseFile:
    """The case without its clocks, which are rows of their own."""
    return replace(case, clocks=())
