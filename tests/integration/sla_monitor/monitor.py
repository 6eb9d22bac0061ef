"""sla_monitor's parts over a real database, driven by hand: events go in, time is set, sweeps are called."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from services.sla_monitor.caseload import Caseload
from services.sla_monitor.firing import Firing
from services.sla_monitor.handlers import Handlers
from services.sla_monitor.metrics import MonitorMetrics
from services.sla_monitor.rulebook import Rulebook
from services.sla_monitor.settlement import Clock
from services.sla_monitor.store import clocks
from shared.bus.messages import Received
from shared.clock import SystemClock
from shared.config.holder import ConfigHolder
from shared.contracts.vocabulary import PARTITIONS, Topic
from shared.db import Database
from shared.observability.metrics import Metrics
from tests.support import config_dir
from tests.unit.sla_monitor.rules import SLA


@dataclass
class Monitor:
    """One instance."""

    db: Database
    config: ConfigHolder
    metrics: Metrics
    reached: list[str] = field(default_factory=list)
    marks: dict[Topic, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rulebook = Rulebook(self.db, self.config)
        self.caseload = Caseload(self.db, self.rulebook)
        self.handlers = Handlers(self.caseload)
        self.firing = Firing(
            self.db,
            self.caseload,
            MonitorMetrics(self.metrics, self.db),
            after_commit=lambda: None,
            reach=self.reached.append,
        )

    @classmethod
    def over(cls, db: Database, folder: Path, *, sla: dict[str, Any] = SLA) -> "Monitor":
        files = config_dir.configuration(pager_url="http://127.0.0.1:1/") | {"sla": sla}
        metrics = Metrics("sla_monitor")
        return cls(db, ConfigHolder(config_dir.write(folder, files), SystemClock(), metrics), metrics)

    def at(self, now: datetime) -> "Monitor":
        """From here on the database's time is `now` and what passes meanwhile."""
        self.db.offset = now - datetime.now(UTC)
        return self

    async def hears(self, batch: Sequence[Received]) -> None:
        """Take a batch as the consumer would."""
        async with self.db.transaction() as tx:
            await self.handlers(batch, tx)

    async def caught_up(self, to: datetime | None = None, *, topic: Topic | None = None) -> None:
        """Every partition (of `topic`, or of both) has been read up to `to`, by default up to now."""
        async with self.db.connection() as connection:
            instant = to or await self.db.now(connection)
        self.marks |= dict.fromkeys([topic] if topic else [Topic.CASES, Topic.ASSIGNMENTS], instant)
        await self._mark()

    async def sweep(self) -> int:
        """One sweep; the cases it fired."""
        await self._mark()
        return await self.firing.sweep()

    async def _mark(self) -> None:
        """Marks are instants of the database's own clock, which the offset of a test does not move."""
        async with self.db.connection() as connection:
            for topic, instant in self.marks.items():
                await connection.execute(_CAUGHT_UP, topic.value, PARTITIONS, instant - self.db.offset)

    async def clocks(self, case_id: UUID) -> dict[str, Clock]:
        """Clocks of a case by name, or name and cycle from the second on."""
        async with self.db.connection() as connection:
            found = (await clocks.of_cases(connection, [case_id])).get(case_id, [])
        return {c.key.name if c.key.cycle == 1 else f"{c.key.name}/{c.key.cycle}": c for c in found}

    async def told(self, case_id: UUID) -> list[dict[str, Any]]:
        """Everything in the outbox about a case, in order: `seq`, `type` without prefix, and the value."""
        async with self.db.connection() as connection:
            rows = await connection.fetch("SELECT * FROM outbox WHERE key = $1 ORDER BY id", str(case_id))
        return [
            {"seq": r["seq"], "type": r["type"].removeprefix("tocsin.clock."), **orjson.loads(r["payload"])}
            for r in rows
        ]

    async def told_of(self, case_id: UUID, name: str) -> list[str]:
        """The types of what was told of one clock."""
        return [t["type"] for t in await self.told(case_id) if t["change"]["clock"]["name"] == name]


_CAUGHT_UP = """
INSERT INTO consumer_position (topic, partition, epoch, owner, next_offset, cluster_id, caught_up_to)
SELECT $1, p, 1, 'test', 0, 'test', $3 FROM generate_series(0, $2::int - 1) AS p
ON CONFLICT (topic, partition) DO UPDATE SET caught_up_to = excluded.caught_up_to
"""

SECOND = timedelta(seconds=1)
