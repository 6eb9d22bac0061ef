"""A monitor of this test's own."""

from pathlib import Path

import pytest

from tests.conftest import OpenDatabase
from tests.integration.sla_monitor.monitor import Monitor
from tests.unit.sla_monitor.tale import T0


@pytest.fixture
async def monitor(database: OpenDatabase, tmp_path: Path) -> Monitor:
    """Nine o'clock, everything read."""
    made = Monitor.over(await database("sla_monitor"), tmp_path / "config").at(T0)
    await made.caught_up()
    return made
