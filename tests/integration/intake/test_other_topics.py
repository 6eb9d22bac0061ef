"""What the other services say of a case, in whatever order it comes."""

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.bus.messages import Received
from shared.ids import uuid7
from tests.integration.intake.harness import Intake, received
from tests.support.samples import NOW, change_of, sample

FIRST, SECOND = uuid7(), uuid7()


class Teller:
    """One service that tells of one case, with sequence numbers."""

    def __init__(self, service: str, case_id: UUID) -> None:
        self.source = f"/tocsin/{service}"
        self.case_id = case_id
        self.told: list[Received] = []

    def tell(self, event_type: str, **change: Any) -> "Teller":
        """One more event, a minute after the one before."""
        seq = len(self.told) + 1
        at = NOW + timedelta(minutes=seq)
        full = {**change_of(f"tocsin.{event_type}"), **change}
        event = sample(f"tocsin.{event_type}", case_id=self.case_id, occurred_at=at, recorded_at=at, change=full)
        self.told.append(received(event, source=self.source, seq=seq))
        return self

    def assignment(self, state: str, specialist: str, assignment_id: UUID) -> "Teller":
        assignment = change_of("tocsin.assignment.offered")["assignment"]
        named = {"assignment_id": assignment_id, "specialist": specialist, "state": state, "case_id": self.case_id}
        return self.tell(f"assignment.{state}", assignment={**assignment, **named})


def recorded(case_id: UUID) -> list[list[Received]]:
    """A story of one case as three topics tell it."""
    router = Teller("router", case_id)
    router.tell("assignment.waiting").assignment("offered", "ana", FIRST).assignment("expired", "ana", FIRST)
    router.tell("assignment.unroutable").assignment("offered", "ben", SECOND).assignment("accepted", "ben", SECOND)
    router.assignment("released", "ana", FIRST)
    clocks = Teller("sla_monitor", case_id)
    clocks.tell("clock.started").tell("clock.warned").tell("clock.breached").tell("clock.stopped")
    pages = Teller("notifier", case_id)
    pages.tell("page.triggered").tell("page.attempted").tell("page.acknowledged").tell("page.resolved")
    return [router.told, clocks.told, pages.told]


def shuffled(topics: Sequence[Sequence[Received]], chance: random.Random) -> Iterator[list[Received]]:
    """The topics mixed at random, each in its own order, in batches of any size."""
    waiting = [list(topic) for topic in topics]
    batch: list[Received] = []
    while any(waiting):
        batch.append(chance.choice([topic for topic in waiting if topic]).pop(0))
        if chance.random() < 0.4:
            yield batch
            batch = []
    yield batch


async def state_of(intake: Intake, case_id: str) -> tuple[Any, ...]:
    """Everything that the other topics can change, without the case's own id."""
    case = await intake.case(case_id)
    entries = await intake.items(f"/v1/cases/{case_id}/timeline", limit=200)
    told = [(e["type"], e["source"], e["sequence"], e["occurred_at"]) for e in entries if "intake" not in e["source"]]
    return case["assignee"], case["waiting_reason"], case["version"], case["status"], told


async def test_every_order_of_the_topics_ends_in_the_same_state(intake: Intake) -> None:
    chance = random.Random(3)
    states = []
    for _ in range(12):
        case_id = await intake.open_case()
        for batch in shuffled(recorded(UUID(case_id)), chance):
            await intake.take(*batch)
        states.append(await state_of(intake, case_id))

    assert all(state == states[0] for state in states)
    assignee, waiting_reason, version, status, told = states[0]
    assert (assignee, waiting_reason, version, status) == ("ben", None, 1, "open")
    assert len(told) == 15
    assert [entry[3] for entry in told] == sorted(entry[3] for entry in told)


async def test_who_holds_a_case_follows_its_assignments(intake: Intake) -> None:
    case_id = await intake.open_case()
    router = Teller("router", UUID(case_id))
    router.tell("assignment.waiting").assignment("offered", "ana", FIRST).assignment("declined", "ana", FIRST)
    router.assignment("offered", "ben", SECOND).assignment("accepted", "ben", SECOND).assignment(
        "released", "ben", SECOND
    )
    seen = []
    for told in router.told:
        await intake.take(told)
        case = await intake.case(case_id)
        seen.append((case["assignee"], case["waiting_reason"]))

    assert seen == [(None, "at_capacity"), ("ana", None), (None, None), ("ben", None), ("ben", None), (None, None)]


async def test_cases_are_found_by_who_holds_them(intake: Intake) -> None:
    case_id = await intake.open_case()
    await intake.open_case()
    await intake.take(*Teller("router", UUID(case_id)).assignment("offered", "ana", FIRST).told)

    assert [case["case_id"] for case in await intake.items("/v1/cases", assignee="ana")] == [case_id]
    await intake.command(case_id, "note", text="x")
    event = (await intake.events(case_id))[-1]
    assert event.case is not None
    assert event.case.assignee == "ana"
    assert (await intake.case(case_id))["assignee"] == "ana", "a command leaves the read model alone"


async def test_what_belongs_to_no_case_of_ours_does_no_harm(intake: Intake) -> None:
    stranger = Teller("router", uuid7()).assignment("offered", "ana", FIRST).told
    page = sample("tocsin.page.triggered", case_id=None, case=None)
    gap = sample("tocsin.staffing.gap")

    await intake.take(
        *stranger,
        received(page, source="/tocsin/notifier", seq=1),
        received(gap, source="/tocsin/router", seq=1),
    )

    assert await intake.count("cases") == 0
    assert await intake.count("timeline") == 0, "it would be kept for ever"


async def test_telling_the_same_again_changes_nothing(intake: Intake) -> None:
    case_id = await intake.open_case()
    for topic in recorded(UUID(case_id)):
        await intake.take(*topic)
    before = await state_of(intake, case_id)

    for topic in recorded(UUID(case_id)):
        await intake.take(*topic)

    assert await state_of(intake, case_id) == before
    assert len(await intake.items(f"/v1/cases/{case_id}/timeline", limit=200)) == 16


async def test_the_timeline_is_sorted_by_event_time_and_goes_on_page_by_page(intake: Intake) -> None:
    case_id = await intake.open_case()
    for topic in recorded(UUID(case_id)):
        await intake.take(*topic)

    entries, query = [], {"limit": 4}
    while True:
        answer = (await intake.get(f"/v1/cases/{case_id}/timeline", **query)).json()
        entries += answer["items"]
        if answer["next_cursor"] is None:
            break
        query = {"limit": 4, "cursor": answer["next_cursor"]}

    keys = [(entry["occurred_at"], entry["source"], entry["sequence"]) for entry in entries]
    assert len(keys) == len(set(keys)) == 16
    assert keys == sorted(keys)
    assert set(entries[0]) == {"type", "source", "sequence", "occurred_at", "recorded_at", "actor", "change"}
