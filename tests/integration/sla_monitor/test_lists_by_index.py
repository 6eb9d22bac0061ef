"""Lists of clocks are answered by an index, however many clocks are open."""

import itertools
import json
from typing import Any
from uuid import UUID

from services.sla_monitor.store.clocks import Narrowed, soonest_query
from shared.contracts.vocabulary import ClockKind, ClockState
from shared.db import Database
from tests.integration.sla_monitor.monitor import Monitor
from tests.unit.sla_monitor.tale import minutes

CLOCKS = 20_000
FILL = f"""
INSERT INTO clocks (clock_id, case_id, name, reference, cycle, kind, version, state, started_at, target, due_at,
                    evidence, pauses, thresholds, warned, next_at, partition, revision)
SELECT gen_random_uuid(), gen_random_uuid(), 'resolve', '', 1,
       CASE WHEN n % 20 = 0 THEN 'regulatory' ELSE 'internal' END, 'v',
       (ARRAY['running', 'running', 'paused', 'met', 'breached'])[1 + n % 5], now(), '1 h',
       now() + n * interval '1 minute', 'complete', '[]', '[]', 0, now() + n * interval '1 minute', n % 12, 1
  FROM generate_series(1, {CLOCKS}) n
"""


async def nodes(db: Database, narrowed: Narrowed, after: tuple[str, UUID] | None) -> set[str]:
    """The kinds of node in the plan, with the index of each scan."""
    query, values = soonest_query(narrowed, after=after, limit=51)
    async with db.connection() as connection:
        plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {query}", *values)
    return set(_walk((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))


def _walk(node: dict[str, Any]) -> "list[str]":
    own = f"{node['Node Type']} {node.get('Index Name', '')}".strip()
    return [own, *itertools.chain(*(_walk(child) for child in node.get("Plans", [])))]


async def test_no_list_of_clocks_reads_the_table(monitor: Monitor) -> None:
    async with monitor.db.connection() as connection:
        await connection.execute(FILL)
        await connection.execute("ANALYZE clocks")
    later = ("2026-11-24T00:00:00+00:00", UUID(int=5))

    for state, kind, due, after in itertools.product(
        (None, ClockState.RUNNING, ClockState.BREACHED), (None, *ClockKind), (None, minutes(600)), (None, later)
    ):
        found = await nodes(monitor.db, Narrowed(state=state, kind=kind, due_before=due), after)
        assert not [node for node in found if node.startswith("Seq Scan")], (state, kind, due, found)
        assert any("clocks_by" in node or "clocks_regulatory" in node for node in found), (state, kind, due, found)
        if kind is ClockKind.REGULATORY:
            assert any("clocks_regulatory" in node for node in found), (state, due, found)
