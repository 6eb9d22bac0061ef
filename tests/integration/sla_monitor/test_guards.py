"""What holds even if the lock of a case fails: a clock is written only over the clock that was read."""

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
