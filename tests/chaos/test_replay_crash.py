"""A service that dies in the middle of a replay: the next one replays it, nothing twice and nothing lost.

The fault is a real one: a constraint of the service's own table refuses the case, until it is mended.
"""

import asyncio
import signal
import subprocess
import sys
from typing import Any

import asyncpg
import pytest

from tests.support.caller import Caller
from tests.support.installation import Installation
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(180)

BREAK = "ALTER TABLE router.cases ADD CONSTRAINT broken CHECK (summary ->> 'severity' <> 'low')"
MEND = "ALTER TABLE router.cases DROP CONSTRAINT broken"
NOTES = 150


def sql(installation: Installation, statement: str) -> list[tuple[Any, ...]]:
    async def run() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(installation.database_url)
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(run())


def dead_letters(installation: Installation, *arguments: str) -> None:
    line = [sys.executable, "-m", "services.cli", "dead-letters", *arguments]
    subprocess.run([*line, "--database-url", installation.database_url], check=True, capture_output=True, timeout=30)


def set_aside(installation: Installation, tool: Caller, lead: Caller) -> str:
    """A case that router could not take, with all that followed parked behind it; the fault is mended."""
    sql(installation, BREAK)
    case_id = tool.escalate(severity="low")
    for number in range(NOTES):
        lead.command(case_id, "note", text=f"note {number}", visibility="internal")
    wait_for(
        lambda: sql(installation, "SELECT count(*) FROM router.parked_event") == [(NOTES,)],
        timeout=60,
        what="the parked notes",
    )
    sql(installation, MEND)
    return case_id


@pytest.mark.parametrize(
    ("act", "point", "settled", "assignments"),
    [
        ("replay", "replay.in_transaction:1", "replayed", 1),
        ("replay", "replay.in_transaction:2", "replayed", 1),
        ("discard", "replay.in_transaction:2", "discarded", None),
    ],
)
def test_the_next_owner_goes_on_with_the_replay(
    installation: Installation,
    tool: Caller,
    lead: Caller,
    act: str,
    point: str,
    settled: str,
    assignments: int | None,
) -> None:
    installation.start("intake")
    installation.start("router", crash_at=point)
    installation.wait_ready("intake", "router")
    case_id = set_aside(installation, tool, lead)
    dead_letters(installation, act, "--all", "--yes")
    assert installation.wait_dead("router") == -signal.SIGKILL
    assert installation.mark(point).read_text().startswith("replay.in_transaction")

    installation.start("router")
    installation.wait_ready("router")
    wait_for(lambda: sql(installation, "SELECT count(*) FROM router.parked_event") == [(0,)], timeout=30)
    wait_for(lambda: sql(installation, "SELECT state, draining FROM router.dead_letter") == [(settled, False)])
    last = "SELECT last_seq FROM router.consumed WHERE source = '/tocsin/intake'"
    wait_for(lambda: sql(installation, last) == [(NOTES + 1,)], what="every number is taken")
    found = lead.wait_items("router", "/v1/assignments", bool, case_id=case_id)
    assert len(found) == (assignments or len(found)) == 1
    assert len(sql(installation, "SELECT id FROM router.audit WHERE action LIKE 'dead_letter.%'")) == 1
