"""Rounds of fixed seeds: one act of each kind under load, and every promise holds.

`make chaos` plays every act, with as many seeds as asked for, and has three brokers too.
"""

import logging
from pathlib import Path

import pytest

from tests.chaos.plan import SINGLE, plan
from tests.chaos.rounds import ground
from tests.chaos.table import told

SEED = 20_261_122
ACTS = (
    "kill router",
    "freeze sla_monitor",
    "restart notifier",
    "kill kafka",
    "kill postgres",
    "kill stack",
    "cut kafka",
)


@pytest.mark.timeout(900)
async def test_everything_is_broken_once_and_every_promise_holds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "aiokafka")  # its broker is killed and cut off on purpose
    async with ground(tmp_path / "chaos", SINGLE, lambda _line: None) as field:
        for act in ACTS:
            outcome = await field.play(plan(act, SEED))
            assert outcome.clean, told(outcome)
