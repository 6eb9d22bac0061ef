"""What holds even if everything above it fails: one live assignment of a case, units up to the capacity."""

import asyncpg
import pytest

from services.router.store import cases, specialists
from services.router.store.specialists import Booking
from tests.integration.router.conftest import MakeRouter
from tests.integration.router.tale import Case
from tests.support.config_dir import specialist

EN = {"en": 5}


async def test_the_tables_take_no_second_live_assignment_of_a_case(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    await router.matcher.step()
    case = Case()
    await router.routes(case.opened())
    assert await router.holder(case.case_id) == "ana"

    async with router.db.connection() as connection:
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(
                "INSERT INTO assignments (assignment_id, case_id, specialist, state, units, handling, offered_at)"
                " VALUES (gen_random_uuid(), $1, 'ben', 'accepted', 1, '1 minute', now())",
                case.case_id,
            )


async def test_the_tables_take_no_load_below_nothing(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    await router.routes(Case().opened())

    async with router.db.connection() as connection:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("UPDATE specialists SET load = -1 WHERE id = 'ana'")


async def test_marking_what_was_looked_at_waits_for_no_case_that_is_being_changed(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    quiet, busy = Case(), Case()
    await router.hears(quiet.opened(), busy.opened())

    async with router.db.transaction() as consumer:
        await cases.lock(consumer, [busy.case_id])
        async with router.db.transaction() as matcher:
            await cases.looked_at(matcher, await cases.waiting(matcher, fresh_only=True))

    async with router.db.connection() as connection:
        left = await cases.waiting(connection, fresh_only=True)
    assert [one.waiting.case_id for one in left] == [busy.case_id]


async def test_units_are_booked_up_to_the_capacity_and_no_further(make_router: MakeRouter) -> None:
    router = await make_router(specialist("ana", EN))
    booking = Booking("ana", units=2, capacity=3)

    async with router.db.transaction() as tx:
        await specialists.enrol(tx, ["ana"])
        assert (await specialists.book(tx, [booking]))[0] == {"ana"}
    async with router.db.transaction() as tx:
        assert (await specialists.book(tx, [booking]))[0] == set()

    assert await router.loads() == {"ana": 2}
