"""Assignments: one live at a time, within capacity, and the same in tables and topics. Pure.

A claim (a case acknowledged by a specialist) and a transfer by name may exceed a capacity; offers may not.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.chaos.checks.stories import ENDS, Story, short, stories
from tests.chaos.observed import Observed, Row
from tests.chaos.verdict import Figure

Found = Iterator[tuple[Figure, str]]

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
    """An offer is booked by the first rise of the load in its transaction, under the specialist's lock."""
    capacity = {person["id"]: person["capacity"] for person in observed.config["roster"]["specialists"]}
    offered = _offered(observed, told)
    booked: set[tuple[str, str]] = set()
    for row in sorted(observed.rows("chaos", "loads"), key=lambda row: int(row["id"])):
        place = row["tx"], row["specialist"]
        if row["after"] < row["before"] or place in booked or place not in offered:
            continue
        booked.add(place)
        if row["after"] > capacity[row["specialist"]]:
            what = f"{row['specialist']} held {row['before']} of {capacity[row['specialist']]} units"
            yield Figure.CAPACITY, f"{what}, and was offered {' and '.join(offered[place])}: {row['after']}"
    for place in offered.keys() - booked:
        yield Figure.CAPACITY, f"{place[1]} was offered {' and '.join(offered[place])}, and nothing was booked for it"


def _offered(observed: Observed, told: Mapping[str, Story]) -> Mapping[tuple[str, str], list[str]]:
    """By transaction and specialist what a capacity holds back: neither claimed nor transferred by name."""
    transactions = {row["assignment_id"]: row["tx"] for row in observed.rows("chaos", "begun")}
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in observed.rows("router", "assignments"):
        if not (row["claimed"] or _by_name(row, told)):
            place = transactions.get(row["assignment_id"], "no transaction"), row["specialist"]
            found[place].append(f"{row['assignment_id']} with {row['units']}")
    return found


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
