"""Events in: cases as intake tells of them, deadlines as their clocks tell.

Consumes tocsin.cases and tocsin.clocks, a batch at a time with a handful of statements; emits
tocsin.assignments. What each event means is said in `reactions`.
"""

from collections.abc import Sequence
from dataclasses import replace

from services.router.casework import Casework
from services.router.reactions import react
from services.router.rulebook import Rulebook
from services.router.store import cases, writing
from shared.bus.messages import Received
from shared.contracts.events import CaseBound
from shared.contracts.vocabulary import Topic
from shared.db import Database, Tx

TOPICS = (Topic.CASES, Topic.CLOCKS)


class Handlers:
    """Takes batches inside the transaction that advances the position."""

    def __init__(self, db: Database, rulebook: Rulebook) -> None:
        self._db = db
        self._rulebook = rulebook

    async def __call__(self, batch: Sequence[Received], tx: Tx) -> None:
        """Take events in order per case."""
        heard = [(one, one.event) for one in batch if isinstance(one.event, CaseBound)]
        if not heard:
            return
        first = {event.case_id: (one.partition, event.case) for one, event in reversed(heard)}
        await cases.add_stubs(tx, first)
        locked = await cases.lock(tx, first)
        work = Casework(self._rulebook.rules, await self._db.now(tx), locked)
        for received, event in heard:
            _follow(work, event, received.headers.get("traceparent"))
            react(work, event)
        await _recall_subjects(tx, work)
        await writing.write(tx, work)


def _follow(work: Casework, event: CaseBound, trace: str | None) -> None:
    """What is decided because of this event belongs to its trace."""
    case = work.cases[event.case_id]
    if trace is not None and case.trace != trace:
        work.cases[event.case_id] = replace(case, trace=trace)


async def _recall_subjects(tx: Tx, work: Casework) -> None:
    """Who took on other cases about the same subject is preferred for those that begin to wait."""
    wanted = [name for name in work.queued if work.cases[name].summary.subject is not None]
    known = await cases.familiar(tx, wanted) if wanted else {}
    for name, people in known.items():
        case = work.cases[name]
        work.put(replace(case, history=replace(case.history, familiar=people)))
