"""The queue before admission: whatever waits is written together, so that many commits become one.

A worker takes all submissions that wait, by severity and with the sources in turns; a source with too much
waiting is refused alone. Nobody waits for a batch to fill. Those that must join a case go on
beside it, so that a locked case holds up nobody else. Each caller gets the outcome of its own; one that fails
never takes its neighbours along. Nothing is answered before it is committed.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from services.intake.admission import Admission
from services.intake.claims import Replayed
from services.intake.fairness import Bounds, FairQueue
from services.intake.refusal import Crowded
from services.intake.report import Slot, severity_of
from services.intake.store.reports import Collision
from services.intake.submission import Outcome, Submission
from shared.components.component import READY, Check
from shared.errors import Transient
from shared.http.idempotency_store import Claim

BATCH = 200
BATCH_BYTES = 4 * 1024 * 1024
JOINS = 4
"""How many cases are joined at once."""
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
    """A component with a queue and its worker."""

    name = "acceptor"

    def __init__(
        self,
        admission: Admission,
        *,
        require_room: Callable[[], None] = lambda: None,
        bounds: Bounds | None = None,
    ) -> None:
        self._admission = admission
        self._require_room = require_room
        self._queue: FairQueue[_Waiting] = FairQueue(bounds or Bounds())
        self._filled = asyncio.Event()
        self._joins = asyncio.Semaphore(JOINS)
        self._worker: asyncio.Task[None] | None = None
        self._settling: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def start(self) -> None:
        """Begin to write."""
        self._stopping = False
        if self._worker is None:
            self._worker = asyncio.create_task(self._work(), name=self.name)

    async def stop(self) -> None:
        """Write what waits, then end."""
        self._stopping = True
        self._filled.set()
        worker, self._worker = self._worker, None
        if worker is not None:
            await asyncio.wait({worker})
        if self._settling:
            await asyncio.wait(self._settling)

    def check(self) -> Check:
        running = self._worker is not None and not self._worker.done()
        return READY if running else Check(ok=False, detail="not started")

    async def submit(self, submission: Submission, claim: Claim | None = None) -> Outcome | Replayed:
        """The outcome once it is committed, or the answer that its key has already.

        Raises `Refusal`, `Invalid` or `Transient` when nothing was stored (`Crowded`: its source has too much
        waiting), `Busy` while another has the key.
        """
        self._require_room()
        if self._stopping or self._worker is None:
            raise Transient("the service is not taking escalations at the moment")
        source = submission.who.id
        if not self._queue.admits(source):
            raise Crowded(f"{source} has too much waiting")
        waiting = _Waiting(submission, claim, asyncio.get_running_loop().create_future())
        severity = severity_of(submission.escalation, submission.config)
        self._queue.add(waiting, source=source, severity=severity, size=len(submission.body))
        self._filled.set()
        return await waiting.answer

    async def _work(self) -> None:
        while True:
            await self._filled.wait()
            batch = self._queue.take(entries=BATCH, size=BATCH_BYTES)
            if batch:
                await self._write(batch)
            elif self._stopping:
                return
            else:
                self._filled.clear()

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        """Open what can be opened side by side; what is left waits for cases, so it waits beside the queue."""
        await self._together(batch, None)
        left = _undecided(batch)
        if left:
            task = asyncio.create_task(self._settle(left), name="acceptor joins")
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)

    async def _settle(self, left: Sequence[_Waiting]) -> None:
        """Join the others to the cases that hold their slots; in rounds, because a slot may be let go meanwhile."""
        for _ in range(ROUNDS):
            by_slot: dict[Slot, list[_Waiting]] = defaultdict(list)
            for waiting in left:
                if waiting.submission.slot is not None:
                    by_slot[waiting.submission.slot].append(waiting)
            await asyncio.gather(*(self._joined(slot, members) for slot, members in by_slot.items()))
            left = _undecided(left)
            if not left:
                return
            await self._together(left, None)
            left = _undecided(left)
        for waiting in left:
            waiting.settle(Transient("others change the same case at this instant", retry_after=1.0))

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


def _undecided(batch: Sequence[_Waiting]) -> list[_Waiting]:
    return [waiting for waiting in batch if not waiting.answer.done()]
