"""One long round of one seed: everything is broken once, under load, and every promise holds.

`make chaos` plays many more, and has three brokers too.
"""

import logging
from pathlib import Path

import pytest

from tests.chaos.plan import ACTS, SINGLE, walk
from tests.chaos.rounds import ground
from tests.chaos.table import told

SEED = 20_261_122
PAUSE = 0.5
"""Seconds between the end of a strike and the next."""


@pytest.mark.timeout(600)
async def test_everything_is_broken_once_and_every_promise_holds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "aiokafka")  # its broker is killed and cut off on purpose
    plan = walk([name for name, act in ACTS.items() if act.brokers == SINGLE], SEED, pause=PAUSE)
    async with ground(tmp_path / "chaos", SINGLE, lambda _line: None) as field:
        outcome = await field.play(plan)
    assert outcome.clean, told(outcome)
    assert not outcome.verdict.idle, told(outcome)
