"""Assignments: one live at a time, within capacity, and the same in tables and topics. Pure.

A claim (a case acknowledged by a specialist) and a transfer by name may exceed a capacity; offers may not.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.checks.stories import ENDS, Story, short, stories
from tests.chaos.observed import Disturbance, Observed, Row
from tests.chaos.verdict import Figure

Found = Iterator[tuple[Figure, str]]

OVERLAP = timedelta(seconds=1)
"""Instants of two transactions that waited for one lock may cross by as long as they waited."""

JUMP = timedelta(seconds=10)
"""More than a shifted clock is shifted by."""

LIVE = ("offered", "accepted")


def faults(observed: Observed) -> Found:
    """Doubled assignments, exceeded capacities, loads that are not the sum of what is held."""
    told = stories(observed)
    for story in told.values():
        yield from _doubled(story)
    yield from _live_rows(observed)
    yield from _exceeded(observed, told)
    yield from _loads(observed)
    yield from _as_told(observed, told)


def _doubled(story: Story) -> Found:
    live: str | None = None
    for record in story.routed:
        if not short(record).startswith("assignment.") or "assignment" not in record.change:
            continue
        assignment = record.change["assignment"]
        if short(record) in ENDS:
            live = None if live == assignment["assignment_id"] else live
        elif live is not None and live != assignment["assignment_id"]:
            yield Figure.ASSIGNED, f"{record.at}: {assignment['assignment_id']} while {live} was live"
        else:
            live = assignment["assignment_id"]


def _live_rows(observed: Observed) -> Found:
    live: dict[str, list[str]] = defaultdict(list)
    for row in observed.rows("router", "assignments"):
        if row["state"] in LIVE:
            live[row["case_id"]].append(f"{row['assignment_id']} of {row['specialist']}")
    for case_id, held in live.items():
        if len(held) > 1:
            yield Figure.ASSIGNED, f"{case_id} is with {' and '.join(held)}"


@dataclass(frozen=True)
class Hold:
    """Units that somebody held, from when the router wrote it down (which a claim's own instant precedes)."""

    assignment_id: str
    units: int
    free: bool
    """Claimed, or transferred by name: not held back by a capacity."""
    begin: datetime
    end: datetime | None


def _exceeded(observed: Observed, told: Mapping[str, Story]) -> Found:
    capacity = {person["id"]: person["capacity"] for person in observed.config["roster"]["specialists"]}
    for person, holds in _holds(observed, told).items():
        for hold in holds:
            until = hold.begin + _disturbed(observed, hold.begin)
            if hold.free or (hold.end is not None and hold.end <= until):
                continue
            before = [other for other in holds if (other.begin, other.assignment_id) < (hold.begin, hold.assignment_id)]
            held = sum(other.units for other in before if other.end is None or other.end > until)
            if held + hold.units > capacity[person]:
                what = f"{person} held {held} of {capacity[person]} units at {hold.begin}"
                yield Figure.CAPACITY, f"{what} when {hold.assignment_id} with {hold.units} was offered"


def _holds(observed: Observed, told: Mapping[str, Story]) -> Mapping[str, list[Hold]]:
    begins: dict[str, datetime] = {}
    ends: dict[str, datetime] = {}
    for story in told.values():
        for record in story.routed:
            if "assignment" in record.change:
                assignment_id = record.change["assignment"]["assignment_id"]
                begins.setdefault(assignment_id, record.recorded_at)
                if short(record) in ENDS:
                    ends[assignment_id] = record.recorded_at
    found: dict[str, list[Hold]] = defaultdict(list)
    for row in observed.rows("router", "assignments"):
        name, free = row["assignment_id"], row["claimed"] or _by_name(row, told)
        if name in begins:
            found[row["specialist"]].append(Hold(name, row["units"], free, begins[name], ends.get(name)))
    return found


def _disturbed(observed: Observed, at: datetime) -> timedelta:
    """How much longer a lock may have been waited for."""
    return sum((_delay(d) for d in observed.disturbances if d.start - _delay(d) <= at <= d.end + _delay(d)), OVERLAP)


def _delay(disturbance: Disturbance) -> timedelta:
    """By how much instants may cross in it; a clock that jumps writes its own."""
    return max(disturbance.end - disturbance.start, OVERLAP) + (JUMP if disturbance.act == "clock" else OVERLAP)


def _by_name(row: Row, told: Mapping[str, Story]) -> bool:
    story = told.get(row["case_id"])
    transfers = story.of("case.transferred") if story else []
    return any(record.change["to"].get("specialist") == row["specialist"] for record in transfers)


def _loads(observed: Observed) -> Found:
    held: dict[str, int] = defaultdict(int)
    for row in observed.rows("router", "assignments"):
        held[row["specialist"]] += row["units"] if row["state"] in LIVE else 0
    for row in observed.rows("router", "specialists"):
        if row["load"] != held[row["id"]]:
            yield Figure.DIVERGED, f"the load of {row['id']} is {row['load']}, and {held[row['id']]} units are held"


def _as_told(observed: Observed, told: Mapping[str, Story]) -> Found:
    """Each assignment's row is as its last event says."""
    last: dict[str, Mapping[str, Any]] = {}
    for story in told.values():
        for record in story.routed:
            if "assignment" in record.change:
                last[record.change["assignment"]["assignment_id"]] = record.change["assignment"]
    rows = {row["assignment_id"]: row for row in observed.rows("router", "assignments")}
    for assignment_id, shown in last.items():
        row = rows.get(assignment_id)
        if row is None or (row["state"], row["specialist"]) != (shown["state"], shown["specialist"]):
            found = f"{row['state']} with {row['specialist']}" if row else "not there"
            told_as = f"{shown['state']} with {shown['specialist']}"
            yield Figure.DIVERGED, f"assignment {assignment_id} is {found}, its topic says {told_as}"
    for assignment_id in rows.keys() - last.keys():
        yield Figure.DIVERGED, f"assignment {assignment_id} is in no topic"
