"""A case comes in and goes to the right person, once, explained; what waits is taken up when room comes free."""

import asyncio
from datetime import timedelta

import pytest

from services.router import rounds
from shared.contracts.vocabulary import AssignmentState, Presence, RoutingOutcome
from shared.errors import Transient
from tests.integration.router.conftest import MakeRouter
from tests.integration.router.tale import MONDAY, Case
from tests.support.config_dir import specialist

EN = {"en": 5}


async def test_an_escalation_is_offered_to_who_matches_and_the_decision_says_why(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", {"es": 5}), specialist("ben", {"en": 5}))
    case = Case(summary={"language": "es-419", "region": "MX"})
    await router.routes(case.opened())

    offer = await router.held(case.case_id)
    assert (offer.specialist, offer.state, offer.units) == ("ana", AssignmentState.OFFERED, 1)
    assert offer.expires_at == offer.offered_at + timedelta(minutes=5)
    (decision,) = await router.decisions(case.case_id)
    assert decision.decision_id == offer.decision_id
    assert decision.outcome is RoutingOutcome.ASSIGNED
    assert decision.excluded_by == {"ben": ("language",)}
    assert [one.specialist for one in decision.candidates] == ["ana"]
    assert decision.score == sum(decision.candidates[0].parts.model_dump().values())
    assert await router.loads() == {"ana": 1}
    (told,) = await router.told(case.case_id)
    assert (told["type"], told["seq"], told["change"]["decision_id"]) == ("offered", 1, str(decision.decision_id))
    assert told["case"]["version"] == 1


async def test_a_case_that_nobody_can_take_waits_and_is_taken_up_the_moment_room_comes_free(
    make_router: MakeRouter,
) -> None:
    router = await make_router(specialist("ana", EN, capacity=2))
    first, second, third = Case(), Case(), Case()
    await router.routes(first.opened(), second.opened(), third.opened())
    waiting = [one for one in (first, second, third) if await router.holder(one.case_id) is None]
    assert len(waiting) == 1
    assert await router.story(waiting[0].case_id) == ["waiting at_capacity"]

    held = next(one for one in (first, second, third) if one is not waiting[0])
    await router.routes(held.resolved())
    assert await router.story(held.case_id) == ["offered ana", "released ana resolved"]
    assert await router.holder(waiting[0].case_id) == "ana"
    assert await router.loads() == {"ana": 2}


async def test_who_is_full_is_waited_for_when_their_cases_end_in_time(make_router: MakeRouter) -> None:
    ana, ben = specialist("ana", EN, capacity=2, regions=["MX"]), specialist("ben", EN, regions=["DE"])
    router = await make_router(ana, ben)
    first, second, third = (Case(summary={"region": "MX"}) for _ in range(3))

    await router.routes(first.opened(), second.opened())
    await router.routes(third.opened())

    assert [await router.holder(one.case_id) for one in (first, second, third)] == ["ana", "ana", None]
    assert await router.story(third.case_id) == ["waiting at_capacity"]


async def test_a_unit_that_comes_free_drains_the_backlog_best_pair_first(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN, capacity=4), units={"critical": 2, "high": 2})
    blockers = [Case() for _ in range(2)]
    await router.routes(*(one.opened() for one in blockers))
    low = Case(summary={"severity": "low"})
    critical = Case(summary={"severity": "critical"})
    medium = Case(summary={"severity": "medium"})
    await router.routes(low.opened(), critical.opened(), medium.opened())
    assert {await router.holder(one.case_id) for one in (low, critical, medium)} == {None}

    await router.routes(blockers[0].resolved())
    assert await router.holder(critical.case_id) == "ana"
    assert await router.holder(low.case_id) is None
    await router.routes(blockers[1].resolved())
    assert await router.holder(low.case_id) == await router.holder(medium.case_id) == "ana"


async def test_a_waiting_decision_is_recorded_again_only_when_its_reason_changes(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN, capacity=2))
    held = [Case(), Case()]
    await router.routes(*(one.opened() for one in held))
    case = Case()
    await router.routes(case.opened())
    await router.looks_again()
    await router.hears(case.clock(due=timedelta(hours=3)))
    await router.looks_again()
    assert await router.story(case.case_id) == ["waiting at_capacity"]

    await router.says("ana", Presence.AWAY)
    await router.looks_again()
    assert await router.story(case.case_id) == ["waiting at_capacity", "waiting not_available"]
    assert len(await router.decisions(case.case_id)) == 2


async def test_a_critical_case_in_a_language_that_nobody_has_is_unroutable(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN), specialist("ben", {"de": 5}))
    case = Case(summary={"severity": "critical", "language": "is", "region": "IS"})
    await router.routes(case.opened())
    assert await router.story(case.case_id) == ["unroutable language"]
    (told,) = await router.told(case.case_id)
    assert "excluded_by" not in told["change"]["decision"]
    assert told["change"]["decision"]["excluded"] == {"language": 2}


async def test_what_is_private_does_not_stand_in_events(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN, opt_outs=["violent_content"]))
    case = Case(summary={"excluded_specialists": ["ana"]})
    await router.routes(case.opened())
    assert await router.story(case.case_id) == ["unroutable unavailable"]
    (told,) = await router.told(case.case_id)
    assert told["change"]["decision"]["excluded"] == {"unavailable": 1}
    (kept,) = await router.decisions(case.case_id)
    assert kept.excluded_by == {"ana": ("conflict_of_interest", "opted_out")}


async def test_presence_is_obeyed_and_becoming_available_takes_work_up_at_once(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    await router.says("ana", Presence.AWAY)
    case = Case()
    await router.routes(case.opened())
    assert await router.story(case.case_id) == ["waiting not_available"]
    await router.says("ana", Presence.AVAILABLE)
    await router.matcher.step()
    assert await router.holder(case.case_id) == "ana"


async def test_who_goes_offline_lets_go_of_offers_and_keeps_what_was_accepted(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    accepted, offered = Case(), Case()
    await router.routes(accepted.opened(), offered.opened())
    await router.accepts(accepted.case_id)
    await router.says("ana", Presence.OFFLINE)
    assert await router.holder(accepted.case_id) == "ana"
    assert await router.story(offered.case_id) == ["offered ana", "released ana offline"]
    await router.matcher.step()
    assert await router.story(offered.case_id) == ["offered ana", "released ana offline", "waiting not_available"]
    assert await router.loads() == {"ana": 1}


async def test_a_shift_that_starts_takes_up_what_waits(make_router: MakeRouter) -> None:
    late = {"time_zone": "UTC", "weekly": [{"days": ["mon"], "open": "11:00", "close": "19:00"}]}
    router = await make_router(specialist("ana", EN, shifts=late))
    case = Case()
    await router.routes(case.opened())
    assert await router.story(case.case_id) == ["waiting off_shift"]
    router.at(MONDAY + timedelta(hours=1))
    await router.looks_again()
    assert await router.holder(case.case_id) == "ana"


async def test_a_new_configuration_is_routed_by_at_once(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", {"fr": 5}))
    case = Case(summary={"severity": "critical"})
    await router.routes(case.opened())
    assert await router.story(case.case_id) == ["unroutable language"]
    router.files["roster"]["specialists"].append(specialist("ben", EN))
    await router.takes_up(router.files)
    await router.matcher.step()
    assert await router.holder(case.case_id) == "ben"


async def test_what_the_configuration_does_not_know_yet_waits_with_a_reason(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    case = Case(summary={"policy_area": "brand_new"})
    await router.routes(case.opened())
    assert await router.story(case.case_id) == ["waiting unknown_policy_area"]
    router.files["taxonomy"]["policy_areas"]["brand_new"] = router.files["taxonomy"]["policy_areas"]["violent_content"]
    await router.takes_up(router.files)
    await router.matcher.step()
    assert await router.holder(case.case_id) == "ana"


async def test_the_deadline_is_that_of_the_clocks_once_they_are_known(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    case = Case()
    await router.hears(case.opened())
    assert (await router.state(case.case_id))["due_at"] == MONDAY + timedelta(hours=4)
    await router.hears(
        case.clock("acknowledge", due=timedelta(minutes=5)),
        case.clock("resolve", due=timedelta(hours=3)),
        case.clock("eu.tco.art3", due=timedelta(hours=1), kind="regulatory"),
    )
    assert (await router.state(case.case_id))["due_at"] == MONDAY + timedelta(hours=1)


async def test_many_cases_at_once_fill_everybody_to_capacity_and_nobody_beyond(make_router: MakeRouter) -> None:
    people = [specialist(f"s{number}", EN, capacity=5) for number in range(10)]
    router = await make_router(*people)
    cases = [Case() for _ in range(230)]
    await router.routes(*(one.opened() for one in cases))
    assert await router.loads() == {one["id"]: 5 for one in people}
    holders = [await router.holder(one.case_id) for one in cases]
    assert len([one for one in holders if one is not None]) == 50


async def test_two_matchers_at_once_never_double_nor_overbook(make_router: MakeRouter) -> None:
    people = [specialist(f"s{number}", EN, capacity=3) for number in range(6)]
    one, other = await make_router(*people), await make_router(*people)
    cases = [Case() for _ in range(40)]
    await one.hears(*(case.opened() for case in cases))
    await asyncio.gather(*(router.matcher.step() for router in (one, other)))
    assert await one.loads() == {person["id"]: 3 for person in people}
    for case in cases:
        assert sum(found.live for found in await one.assignments(case.case_id)) <= 1


async def test_a_matcher_that_lost_its_lease_writes_nothing(make_router: MakeRouter) -> None:
    one, other = await make_router(specialist("ana", EN)), await make_router(specialist("ana", EN))
    await one.matcher.step()
    case = Case()
    await one.hears(case.opened())
    async with one.db.connection() as connection:
        await connection.execute("UPDATE lease SET expires_at = '-infinity' WHERE name = 'match'")
    await other.matcher.step()
    assert await other.holder(case.case_id) == "ana"
    second = Case()
    await one.hears(second.opened())
    with pytest.raises(Transient, match="lease"):
        await one.matcher.step()
    assert await one.assignments(second.case_id) == []


async def test_a_plan_from_before_a_change_is_not_written(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    await router.matcher.step()
    case = Case()
    await router.hears(case.opened())
    desk = router.rulebook.desk
    plan = await rounds.plan(router.db, desk, fresh_only=False)
    await router.hears(case.resolved())
    assert router.matcher._epoch is not None
    async with router.db.transaction() as tx:
        written = await rounds.write(tx, router.db, router.matcher._lease, router.matcher._epoch, desk, plan)
    assert not written.complete
    assert await router.assignments(case.case_id) == []
    assert await router.loads() == {}


async def test_a_plan_is_not_written_for_somebody_who_left_meanwhile(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN), specialist("ben", EN))
    await router.matcher.step()
    case = Case()
    await router.hears(case.opened())
    desk = router.rulebook.desk
    plan = await rounds.plan(router.db, desk, fresh_only=False)
    chosen = plan.assigned[0].specialist
    assert chosen is not None
    await router.says(chosen, Presence.OFFLINE)
    assert router.matcher._epoch is not None
    async with router.db.transaction() as tx:
        await rounds.write(tx, router.db, router.matcher._lease, router.matcher._epoch, desk, plan)
    assert await router.holder(case.case_id) is None
    await router.matcher.step()
    assert await router.holder(case.case_id) not in (None, chosen)


async def test_who_knows_the_subject_is_preferred(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN), specialist("ben", EN))
    subject = {"type": "account", "id": "acc-1"}
    first = Case(summary={"subject": subject})
    await router.routes(first.opened())
    await router.accepts(first.case_id)
    known = await router.holder(first.case_id)
    again = Case(summary={"subject": subject, "policy_area": "hateful_conduct"})
    await router.routes(again.opened())
    (decision,) = await router.decisions(again.case_id)
    continuity = {one.specialist: one.parts.continuity for one in decision.candidates}
    assert continuity.pop(str(known)) == 0.05
    assert set(continuity.values()) == {0.0}
