"""What intake tells of a case decides over assignments: claims, transfers, reclassifying, reopening."""

from shared.contracts.vocabulary import AssignmentState
from tests.integration.router.conftest import MakeRouter
from tests.integration.router.routing import Router, ended
from tests.integration.router.tale import Case
from tests.support.config_dir import specialist

EN = {"en": 5}
ACCEPTED, RELEASED, DECLINED = AssignmentState.ACCEPTED, AssignmentState.RELEASED, AssignmentState.DECLINED


async def two(make_router: MakeRouter, **ana: object) -> Router:
    """Ana, whom everything reaches first, and Ben."""
    return await make_router(specialist("ana", EN, **ana), specialist("ben", EN))


async def test_acknowledging_accepts_ones_own_offer_at_that_instant(make_router: MakeRouter) -> None:
    router = await two(make_router)
    case = Case()
    await router.routes(case.opened())
    event = case.acknowledged(str(await router.holder(case.case_id)))
    await router.hears(event)
    held = await router.held(case.case_id)
    assert (held.state, held.accepted_at) == (ACCEPTED, event.occurred_at)
    told = (await router.told(case.case_id))[-1]
    assert (told["type"], told["occurred_at"][:19]) == ("accepted", event.occurred_at.isoformat()[:19])


async def test_acknowledging_claims_a_case_offered_to_somebody_else_even_beyond_capacity(
    make_router: MakeRouter,
) -> None:
    router = await two(make_router, capacity=2)
    case = Case()
    await router.routes(case.opened())
    first = str(await router.holder(case.case_id))
    other = "ben" if first == "ana" else "ana"
    router.files["roster"]["specialists"] = [specialist(name, EN, capacity=2) for name in ("ana", "ben")]
    full = [Case() for _ in range(3)]
    await router.takes_up(router.files)
    await router.routes(*(one.opened() for one in full))

    await router.hears(case.acknowledged(other))
    assert ended(await router.assignments(case.case_id)) == [(first, RELEASED, "claimed"), (other, ACCEPTED, None)]
    told = await router.told(case.case_id)
    assert [one["type"] for one in told] == ["offered", "released", "accepted"]
    assert told[-1]["change"]["decision_id"] is None
    assert (await router.loads())[other] >= 2


async def test_acknowledging_claims_a_case_that_waits(make_router: MakeRouter) -> None:
    router = await two(make_router)
    case = Case(summary={"severity": "critical", "language": "is"})
    await router.routes(case.opened(), case.acknowledged("ana"))
    assert await router.holder(case.case_id) == "ana"
    assert await router.loads() == {"ana": 2}


async def test_a_later_claim_takes_over(make_router: MakeRouter) -> None:
    router = await two(make_router)
    case = Case()
    await router.hears(case.opened(), case.acknowledged("ana"), case.acknowledged("ben"))
    assert ended(await router.assignments(case.case_id)) == [("ana", RELEASED, "claimed"), ("ben", ACCEPTED, None)]
    assert await router.loads() == {"ben": 1}


async def test_a_claim_that_happened_earlier_does_not_take_over_a_later_one(make_router: MakeRouter) -> None:
    router = await two(make_router)
    case = Case()
    opened, ana, ben = case.opened(), case.acknowledged("ana"), case.acknowledged("ben")
    await router.hears(opened, ben, ana.model_copy(update={"occurred_at": opened.occurred_at}))
    assert await router.holder(case.case_id) == "ben"


async def test_a_claim_without_the_certification_is_refused_and_told(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN, certifications=[]), specialist("ben", EN))
    case = Case(summary={"severity": "critical", "policy_area": "child_safety"})
    await router.routes(case.opened(), case.acknowledged("ana"))
    assert ended(await router.assignments(case.case_id))[0] == ("ana", DECLINED, "claim_refused")
    assert await router.holder(case.case_id) == "ben"
    assert await router.loads() == {"ben": 2}
    refused = (await router.told(case.case_id))[0]
    assert (refused["type"], refused["change"]["declines"]) == ("declined", 0)


async def test_acknowledged_by_somebody_who_is_no_specialist_nothing_changes(make_router: MakeRouter) -> None:
    router = await two(make_router)
    case = Case()
    await router.routes(case.opened())
    before = await router.assignments(case.case_id)
    await router.hears(case.acknowledged("lead"))
    assert await router.assignments(case.case_id) == before


async def test_a_transfer_to_a_named_person_takes_it_from_one_and_offers_it_to_the_other(
    make_router: MakeRouter,
) -> None:
    weekend = {"time_zone": "UTC", "weekly": [{"days": ["sun"], "open": "09:00", "close": "17:00"}]}
    router = await make_router(specialist("ana", EN), specialist("ben", {"de": 5}, shifts=weekend))
    case = Case()
    await router.routes(case.opened(), case.acknowledged("ana"))
    await router.routes(case.transferred(specialist="ben"))
    assert await router.story(case.case_id) == ["accepted ana", "released ana transferred", "offered ben"]
    assert await router.loads() == {"ben": 1}


async def test_a_case_that_the_named_person_declines_goes_to_others(make_router: MakeRouter) -> None:
    router = await two(make_router)
    case = Case()
    await router.routes(case.opened(), case.acknowledged("ana"), case.transferred(by="lead", specialist="ben"))
    await router.declines(case.case_id)
    await router.matcher.step()
    assert await router.holder(case.case_id) == "ana"


async def test_who_hands_a_case_on_does_not_get_it_back(make_router: MakeRouter) -> None:
    router = await two(make_router)
    router.files["roster"]["pools"] = {"all": {"specialists": ["ana", "ben"]}}
    await router.takes_up(router.files)
    case = Case()
    await router.routes(case.opened(), case.acknowledged("ana"), case.transferred(by="ana", pool="all"))
    assert await router.holder(case.case_id) == "ben"


async def test_a_reclassified_case_is_judged_again(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN, certifications=[]), specialist("ben", {"de": 5}))
    offer, accepted, harmless = Case(), Case(), Case()
    await router.routes(offer.opened(), accepted.opened(), harmless.opened())
    for case in (accepted, harmless):
        await router.accepts(case.case_id)
    await router.routes(
        offer.reclassified(language="de"),
        accepted.reclassified(policy_area="child_safety"),
        harmless.reclassified(language="de", severity="low"),
    )
    assert (await router.story(offer.case_id))[1:] == ["released ana reclassified", "offered ben"]
    assert (await router.story(accepted.case_id))[2] == "released ana reclassified"
    assert await router.holder(accepted.case_id) == "ben"
    assert await router.story(harmless.case_id) == ["offered ana", "accepted ana"]


async def test_a_reopened_case_prefers_who_had_it_last(make_router: MakeRouter) -> None:
    router = await two(make_router)
    case = Case()
    await router.routes(case.opened(), case.acknowledged("ben"), case.resolved("ben"), case.reopened("new_evidence"))
    assert await router.holder(case.case_id) == "ben"


async def test_an_appeal_never_goes_to_who_decided_it(make_router: MakeRouter) -> None:
    router = await two(make_router)
    case = Case()
    await router.routes(case.opened(), case.acknowledged("ana"), case.resolved("lead"), case.reopened("appeal"))
    assert await router.holder(case.case_id) == "ben"
    (decision,) = await router.decisions(case.case_id)
    assert decision.excluded_by == {"ana": ("conflict_of_interest",)}
    await router.routes(case.acknowledged("ben"), case.resolved("ben"), case.reopened("appeal"))
    assert (await router.story(case.case_id))[-1] == "unroutable unavailable"


async def test_who_resolved_a_case_without_having_it_decided_it_too(make_router: MakeRouter) -> None:
    router = await two(make_router)
    case = Case()
    await router.routes(case.opened())
    first = str(await router.holder(case.case_id))
    other = "ben" if first == "ana" else "ana"
    await router.routes(case.resolved(other), case.reopened("appeal"))
    assert await router.holder(case.case_id) == first
