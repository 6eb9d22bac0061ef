"""Cases and clocks come on two topics: in whatever order they are read, the end is the same."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.events import CaseBound
from tests.integration.router.conftest import MakeRouter
from tests.integration.router.routing import Router
from tests.integration.router.tale import Case
from tests.support.config_dir import specialist

EN = {"en": 5}


def recorded() -> tuple[UUID, list[CaseBound], list[CaseBound]]:
    """The life of one case as two topics tell it."""
    case = Case(case_id=UUID(int=7))
    cases: list[CaseBound] = []
    clocks: list[CaseBound] = []
    cases.append(case.opened())
    clocks.append(case.clock("acknowledge", due=timedelta(minutes=30)))
    clocks.append(case.clock("resolve", due=timedelta(hours=4)))
    cases.append(case.acknowledged("ana"))
    clocks.append(case.clock("acknowledge", due=timedelta(minutes=30), state="met", event="met"))
    cases.append(case.reclassified(policy_area="child_safety", severity="critical"))
    clocks.append(case.clock("resolve", due=timedelta(hours=1), event="retargeted"))
    cases.append(case.acknowledged("ben"))
    cases.append(case.resolved("ben"))
    clocks.append(case.clock("resolve", due=timedelta(hours=1), state="met", event="met"))
    cases.append(case.reopened("appeal"))
    clocks.append(case.clock("resolve", due=timedelta(hours=2), event="resumed"))
    cases.append(case.reclassified(language="de"))
    return case.case_id, cases, clocks


def merged(cases: list[CaseBound], clocks: list[CaseBound], seed: int) -> list[CaseBound]:
    """Both in an order of their own each, mixed by chance."""
    places = [True] * len(cases) + [False] * len(clocks)
    random.Random(seed).shuffle(places)
    first, second = iter(cases), iter(clocks)
    return [next(first) if place else next(second) for place in places]


async def end_of(router: Router, case_id: UUID, events: list[CaseBound]) -> dict[str, Any]:
    """What is left when every event was heard, one by one."""
    for event in events:
        await router.hears(event)
    row = await router.state(case_id)
    live = [(one.specialist, one.state) for one in await router.assignments(case_id) if one.live]
    kept = ("summary", "phase", "need", "history", "clocks", "due_at", "waiting_since", "waiting_reason")
    return {name: row[name] for name in kept} | {"live": live, "loads": await router.loads()}


@pytest.mark.parametrize("seed", range(6))
async def test_topics_in_any_order_end_alike(make_router: MakeRouter, seed: int) -> None:
    people = [specialist("ana", EN, certifications=[]), specialist("ben", EN), specialist("cho", EN)]
    case_id, cases, clocks = recorded()
    router = await make_router(*people)
    sorted_end = await end_of(router, case_id, cases + clocks)
    async with router.db.transaction() as tx:
        await tx.execute("TRUNCATE cases, assignments, decisions, specialists, outbox")
    assert await end_of(router, case_id, merged(cases, clocks, seed)) == sorted_end


async def test_clocks_alone_are_no_case_to_route_yet(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    case = Case()
    opened = case.opened()
    await router.routes(case.clock("resolve", due=timedelta(minutes=50)))
    assert (await router.state(case.case_id))["phase"] == "stub"
    assert await router.holder(case.case_id) is None
    await router.routes(opened)
    assert await router.holder(case.case_id) == "ana"
    assert (await router.state(case.case_id))["due_at"] == case.at + timedelta(minutes=50)


async def test_a_case_known_to_be_resolved_is_not_routed_when_its_beginning_arrives(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    case = Case()
    opened, resolved = case.opened(), case.resolved()
    await router.routes(case.clock("resolve", due=timedelta(hours=1), state="met", event="met"), opened)
    assert await router.assignments(case.case_id) == []
    await router.routes(resolved)
    assert (await router.state(case.case_id))["phase"] == "closed"
    assert await router.told(case.case_id) == []


async def test_a_case_first_met_in_the_middle_is_routed_too(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN), specialist("ben", EN))
    case = Case(summary={"assignee": "ben", "status": "acknowledged"})
    await router.routes(case.event("snapshot", {}))
    assert await router.holder(case.case_id) == "ben"
