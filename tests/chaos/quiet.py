"""Whether anything is still on its way: outboxes, positions and timers of the four schemas in one snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SCHEMAS = ("intake", "router", "sla_monitor", "notifier")

READ_BY = {
    "intake": ("tocsin.assignments", "tocsin.clocks", "tocsin.pages"),
    "router": ("tocsin.cases", "tocsin.clocks"),
    "sla_monitor": ("tocsin.cases", "tocsin.assignments"),
    "notifier": ("tocsin.cases", "tocsin.assignments", "tocsin.clocks"),
}
"""Who reads which topic (contract section 8)."""

_TIMERS = {
    "offers to expire": "SELECT count(*) FROM router.assignments WHERE state = 'offered' AND expires_at <= $1",
    "cases to look at": "SELECT count(*) FROM router.cases WHERE phase = 'waiting' AND fresh",
    "clocks to fire": "SELECT count(*) FROM sla_monitor.clocks WHERE next_at <= $1",
    "breaches ahead of their time": "SELECT count(*) FROM sla_monitor.clocks WHERE state = 'breached' AND due_at > $1",
    "pend reasons to end": "SELECT count(*) FROM intake.cases WHERE pend_until <= $1",
    "steps of pages": "SELECT count(*) FROM notifier.page WHERE step_due_at <= $1",
    "attempts to make": "SELECT count(*) FROM notifier.attempt WHERE next_at IS NOT NULL AND due_at <= $1",
}


@dataclass(frozen=True)
class Cut:
    """The snapshot's instant, what was unsent, what was due, and where each consumer stood."""

    at: datetime
    unsent: Mapping[str, int]
    due: Mapping[str, int]
    positions: Mapping[tuple[str, str, int], int]

    def open_ends(self, ends: Mapping[tuple[str, int], int]) -> tuple[str, ...]:
        """What was still on its way, given where the topics ended after the snapshot."""
        found = [f"{count} in the outbox of {service}" for service, count in self.unsent.items() if count]
        found += [f"{count} {what}" for what, count in self.due.items() if count]
        return (*found, *self._behind(ends))

    def _behind(self, ends: Mapping[tuple[str, int], int]) -> list[str]:
        found = []
        for service, topics in READ_BY.items():
            for (topic, partition), end in ends.items():
                position = self.positions.get((service, topic, partition), 0)
                if topic in topics and position < end:
                    found.append(f"{service} at {position} of {end} in {topic}/{partition}")
        return found


async def cut(connection: Any) -> Cut:
    """Read it all in the caller's transaction, which sees one snapshot."""
    at = await connection.fetchval("SELECT statement_timestamp()")
    unsent = {schema: await connection.fetchval(f"SELECT count(*) FROM {schema}.outbox") for schema in SCHEMAS}
    due = {
        what: await connection.fetchval(query, at) if "$1" in query else await connection.fetchval(query)
        for what, query in _TIMERS.items()
    }
    positions = {
        (schema, row["topic"], row["partition"]): row["next_offset"]
        for schema in SCHEMAS
        for row in await connection.fetch(f"SELECT topic, partition, next_offset FROM {schema}.consumer_position")
    }
    return Cut(at, unsent, due, positions)
