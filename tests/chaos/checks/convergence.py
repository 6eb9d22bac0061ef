"""What each service knows of a case is what intake said last, and the read models agree with their owners. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.chaos.checks.stories import Story, instant, stories
from tests.chaos.observed import Observed, Row
from tests.chaos.verdict import Figure

Found = Iterator[tuple[Figure, str]]

TOLD = ("version", "status", "severity", "policy_area", "language", "region", "graphic", "reports")
"""Fields of a summary that everybody must agree on."""

_READERS = {"router": "case_id", "sla_monitor": "case_id", "notifier": "key"}


def faults(observed: Observed) -> Found:
    """Every difference."""
    told = stories(observed)
    cases = {row["case_id"]: row for row in observed.rows("intake", "cases")}
    for story in told.values():
        if story.told:
            yield from _of_intake(story, cases.get(story.case_id))
    for case_id in cases.keys() - {story.case_id for story in told.values() if story.told}:
        yield Figure.LOST, f"{case_id} is in intake's tables and in no topic"
    for service, key in _READERS.items():
        rows = {row[key]: row for row in observed.rows(service, "cases")}
        for story in told.values():
            yield from _of_reader(service, story, rows.get(story.case_id))
    yield from _phases(observed, told)
    yield from _slots(observed, told, cases)


def _of_intake(story: Story, row: Row | None) -> Found:
    if row is None:
        yield Figure.LOST, f"{story.told[-1].at} is of no case in intake's tables"
        return
    yield from _compared("intake", story, row)
    live = story.live
    held = live.change["assignment"] if live else {"specialist": None, "assignment_id": None}
    if (row["assignee"], row["assignment_id"]) != (held["specialist"], held["assignment_id"]):
        yield Figure.DIVERGED, f"{story.case_id}: intake shows it with {row['assignee']}, it is with {held}"


def _of_reader(service: str, story: Story, row: Row | None) -> Found:
    if row is None or row["summary"] is None:
        yield Figure.DIVERGED, f"{service} does not know {story.case_id}"
    elif story.told:
        yield from _compared(service, story, row["summary"])


def _compared(service: str, story: Story, found: Mapping[str, Any]) -> Found:
    for name in TOLD:
        if found[name] != story.last[name]:
            yield Figure.DIVERGED, f"{story.case_id}: {name} is {found[name]} to {service}, not {story.last[name]}"
    if instant(found["received_at"]) != instant(story.last["received_at"]):
        yield Figure.DIVERGED, f"{story.case_id}: {service} has another received_at than was told"


def _phases(observed: Observed, told: Mapping[str, Story]) -> Found:
    for row in observed.rows("router", "cases"):
        story = told.get(row["case_id"])
        if story is None or not story.told:
            continue
        wanted = "closed" if story.resolved else "held" if story.live else "waiting"
        if row["phase"] != wanted:
            yield Figure.DIVERGED, f"{story.case_id}: router has it {row['phase']}, by the events it is {wanted}"


def _slots(observed: Observed, told: Mapping[str, Story], cases: Mapping[str, Row]) -> Found:
    """The slot of a subject is held by an unresolved case about it; one that never moved holds its own."""
    slots = {(r["type"], r["id"], r["policy_area"]): r["case_id"] for r in observed.rows("intake", "open_subject")}
    for slot, case_id in slots.items():
        row = cases.get(case_id)
        if row is None or row["status"] == "resolved":
            yield Figure.TWICE, f"{'/'.join(slot)} is held by {case_id}, which is {row['status'] if row else 'gone'}"
    for case_id, row in cases.items():
        slot = (row["subject_type"], row["subject_id"], row["policy_area"])
        if row["subject_id"] is None or row["status"] == "resolved" or slots.get(slot) == case_id:
            continue
        if case_id in told and not told[case_id].of("case.reopened", "case.reclassified"):
            yield Figure.TWICE, f"{'/'.join(slot)} is held by {slots.get(slot)}, and {case_id} is unresolved"
