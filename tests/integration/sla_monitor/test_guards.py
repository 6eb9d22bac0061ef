"""What is written over what: a clock only over the clock that was read, a summary only over an older one."""

import pytest

from services.sla_monitor.store import clocks
from shared.errors import Transient
from tests.integration.sla_monitor.monitor import Monitor
from tests.unit.sla_monitor.tale import Tale


async def test_of_two_who_read_one_clock_only_the_first_writes_it(monitor: Monitor) -> None:
    tale = Tale().opened()
    await monitor.hears(tale.told)
    read = (await monitor.clocks(tale.case_id))["acknowledge"]
    async with monitor.db.transaction() as tx:
        await clocks.save(tx, [(read, 0)])

    with pytest.raises(Transient, match="changed under the lock"):
        async with monitor.db.transaction() as tx:
            await clocks.save(tx, [(read, 0)])

    assert (await monitor.clocks(tale.case_id))["acknowledge"].revision == read.revision + 1


async def test_an_older_summary_does_not_take_the_place_of_a_newer_one(monitor: Monitor) -> None:
    tale = Tale().opened().accepted(1).acknowledged(2)
    opened, accepted, acknowledged = tale.told
    await monitor.hears([opened, acknowledged])

    await monitor.hears([accepted])

    async with monitor.db.connection() as connection:
        summary = await connection.fetchval("SELECT summary FROM cases WHERE case_id = $1", tale.case_id)
    assert summary["status"] == "acknowledged"
