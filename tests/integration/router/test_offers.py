"""An offer from the moment it is made: accepted, declined, expired, taken back with the shift, or handed on."""

from datetime import timedelta

import pytest

from services.router.commands import Refusal, Refused
from shared.contracts.vocabulary import AssignmentState, Presence
from tests.integration.router.conftest import MakeRouter
from tests.integration.router.routing import Router
from tests.integration.router.tale import MONDAY, Case
from tests.support.config_dir import specialist

EN = {"en": 5}
UNTIL_TWO = {"time_zone": "UTC", "weekly": [{"days": ["mon", "tue"], "open": "08:00", "close": "14:00"}]}


async def offered(router: Router, **summary: object) -> Case:
    """A case that is offered to somebody."""
    case = Case(summary=dict(summary))
    await router.routes(case.opened())
    assert await router.holder(case.case_id) is not None
    return case


async def test_an_accepted_offer_stays_and_a_second_accept_changes_nothing(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    case = await offered(router)
    first = await router.accepts(case.case_id)
    second = await router.accepts(case.case_id)
    assert first.state is second.state is AssignmentState.ACCEPTED
    router.at(MONDAY + timedelta(minutes=10))
    assert await router.offers.expire() == 0
    assert await router.story(case.case_id) == ["offered ana", "accepted ana"]


async def test_only_the_specialist_or_a_lead_answers(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    case = await offered(router)
    with pytest.raises(Refused) as refused:
        await router.accepts(case.case_id, by="ben")
    assert refused.value.reason is Refusal.NOT_YOURS
    await router.accepts(case.case_id, by="lead", lead=True)
    told = await router.told(case.case_id)
    assert told[-1]["actor"] == {"kind": "person", "id": "lead"}


async def test_declining_counts_against_that_pair_only(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN, capacity=2), specialist("ben", {"de": 5}))
    case = await offered(router, severity="critical")
    await router.declines(case.case_id, "no time")
    await router.matcher.step()
    assert await router.story(case.case_id) == ["offered ana", "declined ana no time", "unroutable language"]
    assert (await router.told(case.case_id))[1]["change"]["declines"] == 1
    other = await offered(router)
    assert await router.holder(other.case_id) == "ana"


async def test_declines_are_counted_until_the_lead_must_know(make_router: MakeRouter) -> None:
    router = await make_router(*(specialist(f"s{number}", EN) for number in range(4)))
    case = await offered(router)
    for _ in range(3):
        await router.declines(case.case_id)
        await router.matcher.step()
    counts = [told["change"]["declines"] for told in await router.told(case.case_id) if told["type"] == "declined"]
    assert counts == [1, 2, 3]
    assert await router.holder(case.case_id) is not None


async def test_an_offer_expires_and_goes_to_the_next(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN), offer_timeout={"high": "PT10S"})
    case = await offered(router)
    router.at(MONDAY + timedelta(seconds=9))
    assert await router.offers.expire() == 0
    router.at(MONDAY + timedelta(seconds=11))
    assert await router.offers.expire() == 1
    await router.matcher.step()
    assert await router.story(case.case_id) == ["offered ana", "expired ana", "offered ana"]
    assert await router.loads() == {"ana": 1}


async def test_an_offer_past_its_time_cannot_be_accepted_though_nobody_swept_it_up(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    case = await offered(router)
    router.at(MONDAY + timedelta(minutes=6))
    with pytest.raises(Refused) as refused:
        await router.accepts(case.case_id)
    assert refused.value.reason is Refusal.ENDED


async def test_two_expired_offers_in_a_row_set_somebody_away(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN), offer_timeout={"high": "PT10S"})
    case = await offered(router)
    for seconds in (11, 22):
        router.at(MONDAY + timedelta(seconds=seconds))
        await router.offers.expire()
        await router.matcher.step()
    assert (await router.status("ana")).presence is Presence.AWAY
    assert (await router.story(case.case_id))[-1] == "waiting not_available"


async def test_an_answer_in_between_starts_the_row_anew(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN), offer_timeout={"high": "PT10S"})
    first = await offered(router)
    router.at(MONDAY + timedelta(seconds=11))
    await router.offers.expire()
    await router.matcher.step()
    await router.accepts(first.case_id)
    await offered(router)
    router.at(MONDAY + timedelta(seconds=22))
    await router.offers.expire()
    assert (await router.status("ana")).presence is None


async def test_an_offer_ends_with_the_shift(make_router: MakeRouter) -> None:
    router = await make_router(
        specialist("ana", EN, shifts=UNTIL_TWO), offer_timeout={"high": "PT1H"}, handling={"default": "PT5M"}
    )
    router.at(MONDAY.replace(hour=13, minute=30))
    case = await offered(router)
    router.at(MONDAY.replace(hour=14))
    assert await router.offers.take_back() == 1
    assert await router.story(case.case_id) == ["offered ana", "released ana shift_over"]


async def test_an_accepted_case_returns_fifteen_minutes_after_the_shift(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN, shifts=UNTIL_TWO))
    case = await offered(router)
    await router.accepts(case.case_id)
    router.at(MONDAY.replace(hour=14, minute=14))
    assert await router.offers.take_back() == 0
    router.at(MONDAY.replace(hour=14, minute=15))
    assert await router.offers.take_back() == 1
    await router.matcher.step()
    assert await router.story(case.case_id) == [
        "offered ana", "accepted ana", "released ana shift_over", "unroutable off_shift"
    ]  # fmt: skip


async def test_a_shift_that_was_made_longer_keeps_its_cases(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN, shifts=UNTIL_TWO))
    case = await offered(router)
    await router.accepts(case.case_id)
    router.files["roster"]["specialists"][0]["shifts"] = "always"
    await router.takes_up(router.files)
    router.at(MONDAY.replace(hour=15))
    await router.offers.take_back()
    assert await router.holder(case.case_id) == "ana"


async def test_a_shift_that_was_made_shorter_gives_its_cases_back(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN, shifts=UNTIL_TWO))
    case = await offered(router)
    await router.accepts(case.case_id)
    router.files["roster"]["specialists"][0]["shifts"]["weekly"][0]["close"] = "11:00"
    await router.takes_up(router.files)
    await router.matcher.step()
    router.at(MONDAY.replace(hour=11, minute=15))
    await router.offers.take_back()
    assert await router.holder(case.case_id) is None


async def test_who_left_the_roster_gives_everything_back_once_that_is_certain(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN), specialist("ben", {"de": 5}))
    case = await offered(router)
    del router.files["roster"]["specialists"][0]
    await router.takes_up(router.files)
    assert await router.offers.take_back() == 0
    router.offers._roster = (router.rulebook.rules, float("-inf"))
    assert await router.offers.take_back() == 1
    assert await router.story(case.case_id) == ["offered ana", "released ana not_on_roster"]


async def test_a_case_that_is_resolved_leaves_nothing_behind(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN, capacity=2))
    case, other, waiting = await offered(router), await offered(router), Case()
    await router.routes(waiting.opened())
    await router.routes(case.resolved(), waiting.resolved())
    assert await router.story(waiting.case_id) == ["waiting at_capacity"]
    assert (await router.state(waiting.case_id))["phase"] == "closed"
    assert await router.loads() == {"ana": 1}
    assert await router.holder(other.case_id) == "ana"


async def test_pending_keeps_its_units(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    case = await offered(router)
    await router.accepts(case.case_id)
    pended = {"reason": "clarification", "until": None, "reasons": ["clarification"]}
    await router.routes(case.acknowledged("ana"), case.event("pended", pended, status="pending"))
    assert await router.loads() == {"ana": 1}
    assert await router.holder(case.case_id) == "ana"
