"""The queue before admission: what waits is written together, and each gets its own outcome."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.intake.acceptor import Acceptor
from services.intake.case import Who
from services.intake.fairness import Bounds
from services.intake.refusal import Crowded, Reason, Refusal
from services.intake.report import Slot
from services.intake.store.reports import Collision
from services.intake.submission import Outcome, Submission, submission_of
from shared.contracts.vocabulary import SubmissionStatus
from shared.errors import Transient
from tests.support.waiting import wait_until
from tests.unit.intake.cases import CONFIG, SOURCE, TRACE

OTHER = replace(SOURCE, id="another")


class Admitting:
    """Stands in for admission: notes what is asked of it and opens a case for each."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.faults: list[Exception] = []
        self.poison = ""
        self.taken: set[Slot] = set()

    async def open_cases(self, submissions: Mapping[int, Submission], keys: Any) -> dict[int, Any]:
        self.batches.append([s.escalation.external_id for s in submissions.values()])
        await self.gate.wait()
        if self.faults:
            raise self.faults.pop(0)
        if any(s.escalation.external_id == self.poison for s in submissions.values()):
            raise ValueError("poison")
        return {place: _result(s) for place, s in submissions.items() if s.slot not in self.taken}

    async def join_case(self, slot: Slot, submissions: Mapping[int, Submission], keys: Any) -> dict[int, Any]:
        self.taken.discard(slot)
        return {}


def _result(submission: Submission) -> Outcome | Refusal:
    if submission.escalation.external_id == "refuse":
        return Refusal(Reason.EXTERNAL_ID_CONFLICT, "taken")
    return Outcome(SubmissionStatus.ACCEPTED, UUID(int=1), 1)


def submission(external_id: str, *, who: Who = SOURCE, **fields: Any) -> Submission:
    plain = {"external_id": external_id, "summary": "s", "policy_area": "unknown", "language": "und", "region": "ZZ"}
    return submission_of({**plain, **fields}, who=who, config=CONFIG, trace=TRACE)


@asynccontextmanager
async def running(admitting: Admitting) -> AsyncIterator[Acceptor]:
    acceptor = Acceptor(admitting)  # type: ignore[arg-type]
    await acceptor.start()
    yield acceptor
    await acceptor.stop()


async def test_what_comes_during_a_commit_is_written_together() -> None:
    admitting = Admitting()
    admitting.gate.clear()
    async with running(admitting) as acceptor:
        first = [asyncio.create_task(acceptor.submit(submission(f"a{n}"))) for n in range(2)]
        await wait_until(lambda: admitting.batches, what="the first batch")
        later = [asyncio.create_task(acceptor.submit(submission(f"b{n}"))) for n in range(50)]
        for _ in range(10):
            await asyncio.sleep(0)
        admitting.gate.set()
        await asyncio.gather(*first, *later)

    assert len(admitting.batches) <= 3
    assert sum(map(len, admitting.batches)) == 52


async def test_a_refusal_is_its_sender_s_alone() -> None:
    async with running(Admitting()) as acceptor:
        found = await asyncio.gather(
            *(acceptor.submit(submission(name)) for name in ("a", "refuse", "b")), return_exceptions=True
        )

    assert [type(item) for item in found] == [Outcome, Refusal, Outcome]


async def test_one_that_cannot_be_written_takes_nobody_along() -> None:
    admitting = Admitting()
    admitting.poison = "poison"
    async with running(admitting) as acceptor:
        found = await asyncio.gather(
            *(acceptor.submit(submission(name)) for name in ("a", "poison", "b")), return_exceptions=True
        )

    assert [type(item) for item in found] == [Outcome, ValueError, Outcome]


async def test_without_a_database_all_are_told_to_come_again() -> None:
    admitting = Admitting()
    admitting.faults = [Transient("away")]
    async with running(admitting) as acceptor:
        found = await asyncio.gather(*(acceptor.submit(submission(n)) for n in "ab"), return_exceptions=True)

        assert all(isinstance(item, Transient) for item in found)
        assert isinstance(await acceptor.submit(submission("c")), Outcome)


async def test_a_collision_is_tried_again() -> None:
    admitting = Admitting()
    admitting.faults = [Collision("twice")]
    async with running(admitting) as acceptor:
        assert isinstance(await acceptor.submit(submission("a")), Outcome)

    assert len(admitting.batches) == 2


async def test_a_slot_that_was_let_go_is_tried_again() -> None:
    admitting = Admitting()
    admitting.taken = {("post", "p", "unknown")}
    async with running(admitting) as acceptor:
        assert isinstance(await acceptor.submit(submission("a", subject={"type": "post", "id": "p"})), Outcome)


async def test_nothing_is_taken_before_the_start_or_after_the_end() -> None:
    acceptor = Acceptor(Admitting())  # type: ignore[arg-type]
    assert not acceptor.check().ok
    with pytest.raises(Transient):
        await acceptor.submit(submission("a"))
    await acceptor.start()
    assert acceptor.check().ok
    await acceptor.stop()
    with pytest.raises(Transient):
        await acceptor.submit(submission("a"))


async def test_what_waits_is_written_before_the_end() -> None:
    admitting = Admitting()
    admitting.gate.clear()
    acceptor = Acceptor(admitting)  # type: ignore[arg-type]
    await acceptor.start()
    waiting = [asyncio.create_task(acceptor.submit(submission(str(n)))) for n in range(5)]
    await asyncio.sleep(0)
    stopping = asyncio.create_task(acceptor.stop())
    await asyncio.sleep(0)
    admitting.gate.set()
    await stopping

    assert all(isinstance(outcome, Outcome) for outcome in await asyncio.gather(*waiting))


async def test_a_flood_is_refused_alone_and_a_critical_one_overtakes_it() -> None:
    admitting = Admitting()
    admitting.gate.clear()
    acceptor = Acceptor(admitting, bounds=Bounds(entries=300))  # type: ignore[arg-type]
    await acceptor.start()
    in_hand = asyncio.create_task(acceptor.submit(submission("first")))
    await wait_until(lambda: admitting.batches, what="the first batch")
    flood = [asyncio.create_task(acceptor.submit(submission(f"f{n}", severity="low"))) for n in range(400)]
    victim = asyncio.create_task(acceptor.submit(submission("victim", severity="critical", who=OTHER)))
    for _ in range(3):
        await asyncio.sleep(0)
    admitting.gate.set()
    await in_hand
    ended = await asyncio.gather(*flood, return_exceptions=True)

    assert (await victim).status is SubmissionStatus.ACCEPTED
    assert admitting.batches[1][0] == "victim"
    assert [type(one) for one in ended].count(Crowded) == 100
    await acceptor.stop()


async def test_without_room_for_its_events_nothing_is_taken() -> None:
    admitting = Admitting()

    def full() -> None:
        raise Transient("the outbox is full", retry_after=5.0)

    acceptor = Acceptor(admitting, require_room=full)  # type: ignore[arg-type]
    await acceptor.start()

    with pytest.raises(Transient, match="full"):
        await acceptor.submit(submission("a"))

    assert admitting.batches == []
    await acceptor.stop()
