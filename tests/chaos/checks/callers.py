"""What callers were promised: every 2xx is in the tables and in the topics, and every report is there once. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise

from tests.chaos.checks.stories import Story, instant, short, stories
from tests.chaos.history import Call, Kind
from tests.chaos.observed import Observed, Record, Row
from tests.chaos.verdict import Figure

Found = Iterator[tuple[Figure, str]]

SAYS = {
    "acknowledge": ("case.acknowledged",),
    "pend": ("case.pended",),
    "resume": ("case.resumed",),
    "act": ("case.action_taken", "case.action_proposed"),
    "reclassify": ("case.reclassified",),
    "transfer": ("case.transferred",),
    "update": ("case.update_posted",),
    "note": ("case.noted",),
    "resolve": ("case.resolved",),
    "reopen": ("case.reopened",),
}
"""The event that tells of each command."""

MAY_CHANGE_NOTHING = frozenset({"acknowledge", "reclassify", "pend"})
"""Commands that answer 200 without an event when all is so already."""


def faults(observed: Observed) -> Found:
    """Promises without what was promised, and reports that stand twice."""
    told = stories(observed)
    reports = _reports(observed)
    for call in observed.calls:
        if call.taken:
            yield from _CHECKS.get(call.kind, _nothing)(observed, call, told, reports)
    yield from _one_answer_per_key(observed)
    yield from _reports_unseen(observed)
    yield from _reports_twice(observed)
    yield from _subjects_twice(told)


Reports = Mapping[tuple[str, str], Row]


def _reports(observed: Observed) -> Reports:
    return {(row["source"], row["external_id"]): row for row in observed.rows("intake", "reports")}


def _escalation(observed: Observed, call: Call, told: Mapping[str, Story], reports: Reports) -> Found:
    case_id = str(call.answer["case_id"])
    row = reports.get((call.principal, call.external_id))
    if row is None:
        yield Figure.LOST, f"{call.status} for {call.external_id} of {call.principal}: no such report"
    elif row["case_id"] != case_id:
        yield Figure.TWICE, f"{call.external_id} was answered with {case_id} and is a report of {row['case_id']}"
    story = told.get(case_id)
    tells = story.of("case.opened", "case.report_added") if story else []
    if not any(_report_of(record) == (call.principal, call.external_id) for record in tells):
        yield Figure.LOST, f"{call.status} for {call.external_id} of {call.principal}: no event of {case_id} tells it"


def _command(observed: Observed, call: Call, told: Mapping[str, Story], reports: Reports) -> Found:
    story = told.get(call.subject)
    version = call.answer.get("version")
    event = next((record for record in story.told if record.seq == version), None) if story else None
    if event is None:
        yield Figure.LOST, f"{call.name} of {call.subject} by {call.principal}: no event #{version}"
    elif call.name in MAY_CHANGE_NOTHING and not _tells(event, call):
        if event.recorded_at > call.ended:
            yield Figure.LOST, f"{call.name} of {call.subject} by {call.principal}: #{version} is {event.type}"
    elif not _tells(event, call):
        yield Figure.LOST, f"{call.name} of {call.subject} by {call.principal}: #{version} is {event.type}"


def _tells(event: Record, call: Call) -> bool:
    return short(event) in SAYS[call.name] and event.value["actor"]["id"] == call.principal


def _answer(observed: Observed, call: Call, told: Mapping[str, Story], reports: Reports) -> Found:
    wanted = "assignment.accepted" if call.kind is Kind.ACCEPT else "assignment.declined"
    story = told.get(str(call.answer["case_id"]))
    tells = story.of(wanted) if story else []
    if not any(record.change["assignment"]["assignment_id"] == call.subject for record in tells):
        yield Figure.LOST, f"{call.kind} of assignment {call.subject} by {call.principal}: no event tells it"


def _page_ack(observed: Observed, call: Call, told: Mapping[str, Story], reports: Reports) -> Found:
    page = next((row for row in observed.rows("notifier", "page") if row["page_id"] == call.subject), None)
    if page is None or (page["acknowledged_at"] is None and page["state"] != "resolved"):
        state = page["state"] if page else "not there"
        yield Figure.LOST, f"acknowledgement of page {call.subject} by {call.principal}: it is {state}"


def _nothing(observed: Observed, call: Call, told: Mapping[str, Story], reports: Reports) -> Found:
    yield from ()


_CHECKS = {
    Kind.ESCALATION: _escalation,
    Kind.COMMAND: _command,
    Kind.ACCEPT: _answer,
    Kind.DECLINE: _answer,
    Kind.PAGE_ACK: _page_ack,
}


def _report_of(record: Record) -> tuple[str, str]:
    report = record.change["report"]
    return report["source"], report["external_id"]


def _one_answer_per_key(observed: Observed) -> Found:
    """Whoever asks again with the same key is told the same."""
    answers: dict[tuple[str, str], set[tuple[object, object]]] = defaultdict(set)
    for call in observed.calls:
        if call.taken and call.key and call.kind in (Kind.ESCALATION, Kind.COMMAND):
            answers[call.principal, call.key].add((call.answer.get("case_id"), call.answer.get("version")))
    for (principal, key), seen in answers.items():
        if len(seen) > 1:
            yield Figure.TWICE, f"the key {key} of {principal} was answered with {sorted(map(str, seen))}"


def _reports_unseen(observed: Observed) -> Found:
    """A report that joined a resolved case is with nobody."""
    for record in observed.of_type("case.report_added"):
        if record.case["status"] == "resolved":
            yield Figure.LOST, f"{record.at}: {record.change['report']['external_id']} joined a resolved case"


def _reports_twice(observed: Observed) -> Found:
    places: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in observed.of_type("case.opened", "case.report_added"):
        places[_report_of(record)].append(record)
    for (source, external_id), tells in places.items():
        if len(tells) > 1:
            yield Figure.TWICE, f"{external_id} of {source}: {' and '.join(record.at for record in tells)}"


def _subjects_twice(told: Mapping[str, Story]) -> Found:
    """A second case about a subject is opened only after the first was resolved; moved ones have no slot for sure."""
    slots: dict[tuple[str, str, str], list[Story]] = defaultdict(list)
    for story in told.values():
        if story.told and story.last["subject"] and not _moved(story):
            subject = story.last["subject"]
            slots[subject["type"], subject["id"], story.last["policy_area"]].append(story)
    for slot, members in slots.items():
        members.sort(key=lambda story: story.told[0].recorded_at)
        for earlier, later in pairwise(members):
            until = _resolved_at(earlier)
            if until is None or later.told[0].recorded_at < until:
                yield Figure.TWICE, f"{later.case_id} about {'/'.join(slot)} while {earlier.case_id} was unresolved"


def _moved(story: Story) -> bool:
    areas = {record.case["policy_area"] for record in story.told}
    return len(areas) > 1 or bool(story.of("case.reopened"))


def _resolved_at(story: Story) -> datetime | None:
    resolved = story.of("case.resolved")
    return instant(resolved[0].recorded_at) if resolved else None
