"""What the events of tocsin.cases and tocsin.assignments tell of each case, in the order of their senders. Pure."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.chaos.observed import Observed, Record

CASES, ASSIGNMENTS = "tocsin.cases", "tocsin.assignments"


def short(record: Record) -> str:
    """The type without `tocsin.`"""
    return record.type.removeprefix("tocsin.")


@dataclass
class Story:
    """One case: intake's events and router's, each by sequence, repeated sendings left out."""

    case_id: str
    told: list[Record] = field(default_factory=list)
    routed: list[Record] = field(default_factory=list)

    def of(self, *types: str) -> list[Record]:
        """Events of these types, of both senders."""
        return [record for record in (*self.told, *self.routed) if short(record) in types]

    @property
    def last(self) -> dict[str, Any]:
        """The summary that intake sent last."""
        return dict(self.told[-1].case)

    @property
    def resolved(self) -> bool:
        """Whether it is, by the events."""
        return bool(self.told) and self.last["status"] == "resolved"

    @property
    def live(self) -> Record | None:
        """The event that began or confirmed the assignment that nobody ended since."""
        live: Record | None = None
        for record in self.routed:
            if short(record) in ("assignment.offered", "assignment.accepted"):
                live = record
            elif short(record) in ENDS and live is not None and _same(live, record):
                live = None
        return live

    def severities(self) -> set[str]:
        """Every severity that it ever had."""
        return {record.case["severity"] for record in self.told}


ENDS = ("assignment.declined", "assignment.expired", "assignment.released")


def stories(observed: Observed) -> dict[str, Story]:
    """By case id."""
    found: dict[str, Story] = {}
    by_case: dict[str, list[Record]] = defaultdict(list)
    for record in observed.first_sendings():
        if record.topic in (CASES, ASSIGNMENTS) and record.value.get("case_id"):
            by_case[record.key].append(record)
    for case_id, records in by_case.items():
        ordered = sorted(records, key=lambda record: record.seq)
        told = [record for record in ordered if record.topic == CASES]
        routed = [record for record in ordered if record.topic == ASSIGNMENTS]
        found[case_id] = Story(case_id, told, routed)
    return found


def instant(value: str | datetime | None) -> datetime | None:
    """An instant of an event or of a row."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _same(one: Record, other: Record) -> bool:
    same: bool = one.change["assignment"]["assignment_id"] == other.change["assignment"]["assignment_id"]
    return same
