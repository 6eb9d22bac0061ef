"""The queue before admission: whatever waits is written together, so that many commits become one.

A worker takes all submissions that wait and nobody waits for a batch to fill. Each caller gets the outcome
of its own; one that fails never takes its neighbours along. Nothing is answered before it is committed.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from services.intake.admission import Admission
from services.intake.claims import Replayed
from services.intake.escalation import Slot
from services.intake.store.reports import Collision
from services.intake.submission import Outcome, Submission
from shared.components.component import READY, Check
from shared.errors import Transient
from shared.http.idempotency_store import Claim

BATCH = 200
BATCH_BYTES = 4 * 1024 * 1024
WORKERS = 2
JOINS = 4
"""How many cases are joined at once by one worker."""
ROUNDS = 6
"""How often a submission is tried when others move its slot at the same instant."""

Settled = Outcome | Replayed | Exception
"""What a caller gets."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A submission and whoever waits for its outcome."""

    submission: Submission
    claim: Claim | None
    answer: asyncio.Future[Outcome | Replayed]

    def settle(self, result: Settled) -> None:
        """Hand over the result; nobody may be there any more."""
        if self.answer.done():
            return
        if isinstance(result, Exception):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)


class Acceptor:
    """A component with a queue and its workers."""

    name = "acceptor"

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._queue: deque[_Waiting] = deque()
        self._filled = asyncio.Event()
        self._joins = asyncio.Semaphore(JOINS)
        self._workers: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self) -> None:
        """Begin to write."""
        self._stopping = False
        if not self._workers:
            self._workers = [asyncio.create_task(self._work(), name=f"acceptor {n}") for n in range(WORKERS)]

    async def stop(self) -> None:
        """Write what waits, then end."""
        self._stopping = True
        self._filled.set()
        workers, self._workers = self._workers, []
        await asyncio.gather(*workers, return_exceptions=True)

    def check(self) -> Check:
        running = self._workers and not any(worker.done() for worker in self._workers)
        return READY if running else Check(ok=False, detail="not started")

    async def submit(self, submission: Submission, claim: Claim | None = None) -> Outcome | Replayed:
        """The outcome once it is committed, or the answer that its key has already.

        Raises `Refusal`, `Invalid` or `Transient` when nothing was stored, `Busy` while another has the key.
        """
        if self._stopping or not self._workers:
            raise Transient("the service is not taking escalations at the moment")
        waiting = _Waiting(submission, claim, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._filled.set()
        return await waiting.answer

    async def _work(self) -> None:
        while True:
            await self._filled.wait()
            batch = self._take()
            if batch:
                await self._write(batch)
            elif self._stopping:
                return
            else:
                self._filled.clear()

    def _take(self) -> list[_Waiting]:
        """What waits, as much as one transaction should write."""
        batch: list[_Waiting] = []
        size = 0
        while self._queue and len(batch) < BATCH and size < BATCH_BYTES:
            batch.append(self._queue.popleft())
            size += len(batch[-1].submission.body)
        return batch

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        """Decide every one of them, in as many rounds as slots and identities ask for."""
        left = list(batch)
        for _ in range(ROUNDS):
            left = [waiting for waiting in left if not waiting.answer.done()]
            if not left:
                return
            await self._round(left)
        for waiting in left:
            waiting.settle(Transient("others change the same case at this instant", retry_after=1.0))

    async def _round(self, batch: Sequence[_Waiting]) -> None:
        """Open what can be opened side by side, then join the others to the cases that hold their slots."""
        await self._together(batch, None)
        by_slot: dict[Slot, list[_Waiting]] = defaultdict(list)
        for waiting in batch:
            if not waiting.answer.done() and waiting.submission.slot is not None:
                by_slot[waiting.submission.slot].append(waiting)
        await asyncio.gather(*(self._joined(slot, members) for slot, members in by_slot.items()))

    async def _joined(self, slot: Slot, members: Sequence[_Waiting]) -> None:
        async with self._joins:
            await self._together(members, slot)

    async def _together(self, batch: Sequence[_Waiting], slot: Slot | None) -> None:
        """One transaction for all; when it fails for good, one for each, so that only the culprit fails."""
        results: Mapping[int, Settled]
        try:
            results = await self._admit(batch, slot)
        except Collision:
            return
        except Transient as error:
            results = {n: Transient(str(error), retry_after=error.retry_after) for n in range(len(batch))}
        except Exception as error:  # the caller of each gets it; the worker goes on
            if len(batch) > 1:
                for waiting in batch:
                    await self._together([waiting], slot)
                return
            log.exception("escalation not taken")
            results = {0: error}
        for place, result in results.items():
            batch[place].settle(result)

    async def _admit(self, batch: Sequence[_Waiting], slot: Slot | None) -> Mapping[int, Settled]:
        submissions = {place: waiting.submission for place, waiting in enumerate(batch)}
        keys = {place: waiting.claim for place, waiting in enumerate(batch) if waiting.claim is not None}
        if slot is None:
            return await self._admission.open_cases(submissions, keys)
        return await self._admission.join_case(slot, submissions, keys)
