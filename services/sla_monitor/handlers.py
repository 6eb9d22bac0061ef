"""Events in: what happened to cases and assignments becomes facts, and facts move clocks.

Consumes tocsin.cases and tocsin.assignments, a batch at a time with a handful of statements; emits tocsin.clocks.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.sla_monitor.caseload import Caseload
from services.sla_monitor.casework import CaseFile
from services.sla_monitor.hearing import hear
from services.sla_monitor.store import cases
from shared.bus.messages import Received
from shared.contracts.events import CaseBound, CaseSummary
from shared.contracts.vocabulary import Topic
from shared.db import Tx

TOPICS = (Topic.CASES, Topic.ASSIGNMENTS)


class Handlers:
    """Takes batches inside the transaction that advances the position."""

    def __init__(self, caseload: Caseload) -> None:
        self._caseload = caseload

    async def __call__(self, batch: Sequence[Received], tx: Tx) -> None:
        """Take events in order per case. One that belongs to no case, or is not known here, changes nothing."""
        heard: dict[UUID, list[tuple[Received, CaseBound]]] = {}
        for received in batch:
            if isinstance(received.event, CaseBound):
                heard.setdefault(received.event.case_id, []).append((received, received.event))
        if not heard:
            return
        await cases.add_stubs(tx, {case_id: _stub(events[0]) for case_id, events in heard.items()})
        before = await self._caseload.with_clocks(tx, await cases.lock(tx, list(heard)))
        after = [_having_heard(case, heard[case.case_id]) for case in before]
        traces = {case_id: events[-1][0].headers.get("traceparent") for case_id, events in heard.items()}
        await self._caseload.settle(tx, before, after, traces=traces)


def _stub(first: tuple[Received, CaseBound]) -> tuple[int, CaseSummary]:
    received, event = first
    return received.partition, event.case


def _having_heard(case: CaseFile, events: Sequence[tuple[Received, CaseBound]]) -> CaseFile:
    """The case with the facts of its events, and the newest summary among them."""
    for received, event in events:
        summary = event.case if event.case.version > case.summary.version else case.summary
        case = replace(case, facts=hear(case.facts, event, received.seq), summary=summary)
    return case
