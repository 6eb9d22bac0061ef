"""`tocsin sla recompute`: the difference first, then the act."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from services.cli import main
from tests.integration.sla_monitor.monitor import Monitor
from tests.support import config_dir
from tests.unit.sla_monitor.rules import SLA
from tests.unit.sla_monitor.tale import Tale, minutes

SLOWER = {**SLA, "internal": {**SLA["internal"], "resolve": {"critical": "PT2H"}}}


@pytest.fixture
async def tale(monitor: Monitor, tmp_path: Path) -> Tale:
    """A case under the old definition; the new one lies in `new`."""
    config_dir.write(tmp_path / "new", config_dir.configuration(pager_url="http://127.0.0.1:1/") | {"sla": SLOWER})
    told = Tale().opened()
    await monitor.hears(told.told)
    return told


async def run(tmp_path: Path, url: str, *options: str) -> int:
    """The command's exit code."""
    arguments = ["sla", "recompute", "--config-dir", str(tmp_path / "new"), "--database-url", url, *options]
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(main, arguments)
    return int(ended.value.code or 0)


async def test_a_dry_run_says_what_would_change_and_why(
    monitor: Monitor, tale: Tale, tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(tmp_path, database_url, "--dry-run") == 0

    out = capsys.readouterr().out
    assert "1 clock would change" in out
    assert f"{tale.case_id}  resolve: due 2026-11-23T10:00:00Z → 2026-11-23T11:00:00Z (definition)" in out
    assert (await monitor.clocks(tale.case_id))["resolve"].due_at == minutes(60)


async def test_with_yes_it_is_done_and_a_program_reads_what(
    monitor: Monitor, tale: Tale, tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(tmp_path, database_url, "--yes", "--by", "lead", "--json") == 0

    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    [change] = answer["clocks"]
    assert (change["name"], change["from_due"], change["to_due"], change["why"]) == (
        "resolve", "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z", ["definition"],
    )  # fmt: skip
    assert (change["from_target"], change["to_target"]) == (3600.0, 7200.0)
    assert (await monitor.clocks(tale.case_id))["resolve"].due_at == minutes(120)
    assert await monitor.told_of(tale.case_id, "resolve") == ["started", "retargeted"]


async def test_where_nobody_can_be_asked_it_asks_for_yes(
    tale: Tale, tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(tmp_path, database_url) == 2
    assert "--yes" in capsys.readouterr().err
