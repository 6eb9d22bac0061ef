"""Replay: the owner of a partition takes dead letters again, and then what is parked behind them, in order.

An operator marks a dead letter `replaying` or `discarded`; whoever holds its partition finds the mark and
does the work, a bounded batch a transaction. Until nothing waits behind it, live events of its key park too.
A record that fails again is open again with its new error, and what is parked stays parked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from shared.bus import consumed, parking, positions, replay_store
from shared.bus.records import Item, identity_of, read
from shared.bus.replay_store import Letter, Task
from shared.bus.triage import Known, Last, Triage, Verdict, judge, triage
from shared.bus.work import Work, fault_of, trace_of
from shared.clock import Clock
from shared.db import Tx
from shared.errors import Permanent, PermanentReason, Transient

EVERY = 1.0
"""Seconds between two looks for something to do."""

BUDGET = 0.25
"""Seconds that live events may wait for replays at a time."""

BATCH = 100
"""Parked events taken in one transaction."""

log = structlog.get_logger(__name__)


class _Failed(Exception):
    """A record of the transaction cannot be taken."""

    def __init__(self, fault: Permanent) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass
class Replay:
    """Called by the consumer between its batches."""

    work: Work
    clock: Clock
    _due_at: float = float("-inf")

    async def step(self) -> bool:
        """Do for a while what there is to do; whether anything was. Raises `Transient`, `Fenced` included."""
        now = self.clock.monotonic()
        if now < self._due_at:
            return False
        async with self.work.db.connection() as connection:
            tasks = await replay_store.tasks(connection, self.work.holdings.places)
        done = False
        for task in tasks:
            while self.clock.monotonic() - now < BUDGET and await self._advance(task):
                done = True
        if self.clock.monotonic() - now < BUDGET:
            self._due_at = self.clock.monotonic() + EVERY
        return done

    async def _advance(self, task: Task) -> bool:
        """One transaction for a dead letter; False when nothing is left to do for it."""
        try:
            return await self._replay_or_drain(task, BATCH)
        except _Failed as failure:
            await self._failed_again(task, failure.fault)
            return True

    async def _replay_or_drain(self, task: Task, limit: int) -> bool:
        try:
            return await self._once(task, limit, buried=None)
        except (Transient, _Failed):
            raise
        except Exception as error:
            if limit > 1:
                return await self._replay_or_drain(task, limit // 2)
            log.warning("parked event cannot be taken", letter=str(task.letter_id), exc_info=trace_of(error))
            return await self._once(task, 1, buried=fault_of(error))

    async def _once(self, task: Task, limit: int, *, buried: Permanent | None) -> bool:
        """One transaction. `buried`: the first parked event has just failed alone with this, and is set aside."""
        async with self.work.db.transaction() as tx:
            letter = await self._locked(tx, task)
            if letter.state == "replaying":
                await self._take_letter(tx, letter)
                outcome = Triage()
            elif letter.draining:
                outcome = await self._take_parked(tx, letter, limit, buried)
            else:
                return False
            self.work.reach("replay.in_transaction")
        self.work.counted(outcome)
        return True

    async def _locked(self, tx: Tx, task: Task) -> Letter:
        held = self.work.holdings.of(task.place)
        if held is None:
            raise positions.Fenced("the partition is no longer held", retry_after=0.0)
        await positions.hold(tx, task.place, held.epoch)
        return await replay_store.lock(tx, task.letter_id)

    async def _take_letter(self, tx: Tx, letter: Letter) -> None:
        """Take the record of a dead letter as if it came now; raises `_Failed`."""
        item = read(letter.record)
        outcome = triage([item], await self._known(tx, [item]))
        if outcome.dead:
            raise _Failed(outcome.dead[0][1])
        if letter.conflicting and outcome.duplicates:
            raise _Failed(Permanent(PermanentReason.CONFLICTING_SEQUENCE, "a later event of the key was taken already"))
        try:
            await self._apply(tx, outcome)
        except Transient:
            raise
        except Exception as error:
            log.warning("dead letter fails again", letter=str(letter.letter_id), exc_info=trace_of(error))
            raise _Failed(fault_of(error)) from error
        await replay_store.replayed(tx, letter.letter_id)
        log.info("dead letter replayed", letter=str(letter.letter_id))

    async def _take_parked(self, tx: Tx, letter: Letter, limit: int, buried: Permanent | None) -> Triage:
        """Take the next of what is parked; what of it is poison becomes a dead letter that parks the rest."""
        if letter.state == "discarded":
            await self._pass_over(tx, letter)
        records = await parking.parked_behind(tx, letter.letter_id, limit=limit)
        items = [read(record) for record in records]
        if buried is not None and items:
            items[0] = replace(items[0], fault=buried)
        outcome = triage(items, await self._known(tx, items))
        await self._apply(tx, outcome)
        await consumed.bury(tx, outcome.dead, service=self.work.service)
        waiting = {item.record.offset for item, _ in outcome.parked}
        await parking.let_go(tx, [record for record in records if record.offset not in waiting])
        blocking = _blocking(outcome)
        if blocking is not None:
            await parking.move_behind(tx, letter.letter_id, blocking)
        if blocking is not None or len(records) < limit:
            await replay_store.drained(tx, letter.letter_id)
        return replace(outcome, parked=[])

    async def _pass_over(self, tx: Tx, letter: Letter) -> None:
        """The number of a discarded event counts as taken: that it is missing is wanted, and no gap.

        Unless another event of that number waits: then it is the true one, and the discarded one was none.
        """
        identity = identity_of(letter.record)
        if identity is None:
            return
        last = await consumed.last_of(tx, identity.key, identity.source)
        if judge(last, identity.seq, identity.ce_id) is not Verdict.APPLY:
            return
        if not await parking.another_waits(tx, letter.letter_id, identity):
            taken = Last(identity.seq, identity.ce_id)
            await consumed.remember(tx, {(identity.key, identity.source): taken})

    async def _apply(self, tx: Tx, outcome: Triage) -> None:
        if outcome.apply:
            await self.work.handle(outcome.apply, tx)
        await consumed.remember(tx, outcome.last)

    async def _known(self, tx: Tx, items: Sequence[Item]) -> Known:
        """Nothing that parks: that is what is being worked on."""
        return replace(await consumed.known_of(tx, items), behind={})

    async def _failed_again(self, task: Task, fault: Permanent) -> None:
        async with self.work.db.transaction() as tx:
            letter = await self._locked(tx, task)
            if letter.state == "replaying":
                await replay_store.failed_again(tx, task.letter_id, fault)
        log.warning("dead letter is open again", letter=str(task.letter_id), reason=str(fault.reason))


def _blocking(outcome: Triage) -> UUID | None:
    """The new dead letter behind which the rest of its key waits; a conflict holds up nothing."""
    for item, fault in outcome.dead:
        if fault.reason is not PermanentReason.CONFLICTING_SEQUENCE:
            return item.record.dead_letter_id
    return None
