"""Topics are read in any order and end in the same state: recorded topics, shuffled, compared."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.notifier.pages import Page
from shared.config.loading import load
from shared.contracts.events import Event
from shared.ids import uuid7
from tests.conftest import OpenDatabase
from tests.integration.notifier.harness import Case, Desk
from tests.support.config_dir import configuration, write

ROUNDS = 25


def story(case: Case) -> list[list[Event]]:
    """What three services say of one case; each list in its topic's order."""
    acknowledge, resolve, order = uuid7(), uuid7(), uuid7()
    opened = case.event("case.opened")
    unroutable = case.event("assignment.unroutable")
    warned = case.clock("warned", resolve, percent=90)
    breaches = [
        case.clock("breached", acknowledge, name="acknowledge"),
        case.clock("breached", resolve),
        case.clock("breached", order, name="eu.tco.art3", kind="regulatory"),
    ]
    offered = case.event("assignment.offered")
    resolved = case.resolved()
    stops = [case.clock("stopped", clock, late_by=1.0) for clock in (acknowledge, resolve, order)]
    return [[opened, resolved], [unroutable, offered], [warned, *breaches, *stops]]


def shuffled(topics: Sequence[Sequence[Event]], chance: random.Random) -> list[Event]:
    """One reading of the topics: each in its own order, among each other in any."""
    left = [list(topic) for topic in topics]
    order = []
    while any(left):
        topic = chance.choice([topic for topic in left if topic])
        order.append(topic.pop(0))
    return order


def outcome(pages: Sequence[Page]) -> list[Any]:
    """What a person would see in the end: every reason, whether it still stands, and every page's state."""
    reasons = sorted((r.kind.value, r.name or "", r.open) for page in pages for r in page.reasons)
    return [reasons, sorted({page.state.value for page in pages})]


async def test_every_order_of_the_topics_ends_alike(database: OpenDatabase, tmp_path: Path) -> None:
    files = configuration(pager_url="http://127.0.0.1:1/")
    files["oncall"]["paging"].insert(0, {"on": "warning", "percent": 90, "policy": "safety", "urgency": "low"})
    desk = Desk(await database("notifier"), load(write(tmp_path / "config", files)))
    chance = random.Random(20261122)
    seen = []
    for round_ in range(ROUNDS):
        case = Case()
        topics = story(case)
        events = [event for topic in topics for event in topic] if round_ == 0 else shuffled(topics, chance)
        size = chance.randint(1, 4)
        for start in range(0, len(events), size):
            await desk.take(*events[start : start + size])
        seen.append(outcome(await desk.pages(case.case_id)))

    assert seen[0][1] == ["resolved"]
    assert len(seen[0][0]) == 5
    assert all(end == seen[0] for end in seen)


async def test_a_case_still_open_ends_with_the_same_pages_in_every_order(
    database: OpenDatabase, tmp_path: Path
) -> None:
    files = configuration(pager_url="http://127.0.0.1:1/")
    desk = Desk(await database("notifier"), load(write(tmp_path / "config", files)))
    chance = random.Random(7)
    seen = []
    for _ in range(ROUNDS):
        case, first, second = Case(), uuid7(), uuid7()
        at = datetime.now(UTC)
        topics = [
            [case.event("case.opened"), case.event("case.acknowledged")],
            [case.event("assignment.unroutable")],
            [
                case.clock("breached", first, name="acknowledge", breached_at=at),
                case.clock("breached", second, breached_at=at),
                case.clock("stopped", first, name="acknowledge", late_by=1.0),
            ],
        ]
        await desk.take(*shuffled(topics, chance))
        (page,) = await desk.pages(case.case_id)
        seen.append((page.state.value, sorted((r.kind.value, r.name or "", r.open) for r in page.reasons)))

    assert all(end == seen[0] for end in seen)
    assert seen[0][0] == "triggered"
