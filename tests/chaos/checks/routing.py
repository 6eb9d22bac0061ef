"""Assignments: one live at a time, within capacity, and the same in tables and topics. Pure.

A claim (a case acknowledged by a specialist) and a transfer by name may exceed a capacity; offers may not.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
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


def _exceeded(observed: Observed, told: Mapping[str, Story]) -> Found:
    capacity = {person["id"]: person["capacity"] for person in observed.config["roster"]["specialists"]}
    by_person: dict[str, list[Row]] = defaultdict(list)
    for row in observed.rows("router", "assignments"):
        by_person[row["specialist"]].append(row)
    for person, rows in by_person.items():
        for row in rows:
            if row["claimed"] or _by_name(row, told):
                continue
            until = row["offered_at"] + _disturbed(observed, row["offered_at"])
            held = sum(o["units"] for o in rows if _before(o, row) and (o["ended_at"] is None or o["ended_at"] > until))
            if held + row["units"] > capacity[person] and _lasted(row, until):
                what = f"{person} held {held} of {capacity[person]} units"
                yield Figure.CAPACITY, f"{what} when {row['case_id']} with {row['units']} was offered"


def _before(other: Row, row: Row) -> bool:
    """Whether `other` began earlier; those of one transaction are in the order of their ids."""
    first: bool = (other["offered_at"], other["assignment_id"]) < (row["offered_at"], row["assignment_id"])
    return first


def _lasted(row: Row, until: datetime) -> bool:
    lasted: bool = row["ended_at"] is None or row["ended_at"] > until
    return lasted


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
