"""What the topics still hold after a restore: events that stand, events that are lost, and what that means.

No I/O. An event stands when its number is not beyond what the restored schema of its sender has said; a reader may
not have heard it. What is beyond was said after the instant to which the database went back.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.bus.messages import Received, source_of
from shared.bus.records import Item
from shared.bus.renumbering import Saying
from shared.contracts.case_events import CaseOpened, CaseReportAdded
from shared.contracts.page_events import PageAttempted, PageChange, PageEvent
from shared.contracts.vocabulary import ServiceName

STEP = 1000
"""By which numbers are raised; a multiple of it where a topic holds more lost events of one key."""

SOURCES = {source_of(name.value): name for name in ServiceName}
Known = Mapping[ServiceName, Mapping[str, int]]
"""The number of the last event by service and key, as restored."""


@dataclass(frozen=True)
class LostReport:
    """An escalation that was taken and is gone: its source must post it again."""

    case_id: str
    source: str
    external_id: str
    received_at: datetime
    case_is_there: bool


@dataclass
class Heard:
    """Everything read from the log, each event once, sorted by who said it about what."""

    events: dict[tuple[str, str], dict[int, tuple[Received, bytes]]] = field(default_factory=lambda: defaultdict(dict))
    unreadable: int = 0

    def add(self, item: Item) -> None:
        """Take one record; what cannot be read is only counted."""
        received = item.received
        if received is None or received.source not in SOURCES:
            self.unreadable += 1
            return
        place = (received.source, received.key)
        self.events[place].setdefault(received.seq, (received, item.record.value or b""))

    @property
    def keys(self) -> set[str]:
        """What was spoken of."""
        return {key for _, key in self.events}


@dataclass
class Aftermath:
    """`standing` by who said it; `lost_pages` are page events, in order, of keys that are still there."""

    standing: dict[ServiceName, list[Saying]]
    steps: dict[ServiceName, int]
    lost_cases: list[str]
    lost_reports: list[LostReport]
    lost_changes: dict[str, list[str]]
    orphaned_pages: list[str]
    lost_pages: dict[UUID, list[PageEvent]]
    unreadable: int = 0

    def as_json(self) -> dict[str, Any]:
        """For a program to read."""
        return {
            "lost_cases": self.lost_cases,
            "lost_reports": [vars(report) for report in self.lost_reports],
            "lost_changes": self.lost_changes,
            "pages_of_lost_cases": self.orphaned_pages,
            "pages_remembered": sorted({str(page) for page in map(_page_of, self._page_events())}),
            "unreadable_records": self.unreadable,
        }

    def _page_events(self) -> Iterable[PageEvent]:
        return (event for events in self.lost_pages.values() for event in events)


def aftermath(heard: Heard, known: Known) -> Aftermath:
    """Sort what was heard by what the restored schemas `known`."""
    found = Aftermath({name: [] for name in ServiceName}, {}, [], [], {}, [], {}, heard.unreadable)
    beyond = dict.fromkeys(ServiceName, 0)
    lost: list[Received] = []
    for (source, key), events in heard.events.items():
        name = SOURCES[source]
        last = known[name].get(key, 0)
        found.standing[name] += [Saying.of(one, value) for seq, (one, value) in events.items() if seq <= last]
        lost += [events[seq][0] for seq in sorted(events) if seq > last]
        beyond[name] = max([beyond[name], *(seq - last for seq in events)])
    found.steps = {name: STEP * (count // STEP + 1) for name, count in beyond.items()}
    _name_what_is_lost(found, lost, known[ServiceName.INTAKE])
    return found


def _name_what_is_lost(found: Aftermath, lost: Iterable[Received], cases: Collection[str]) -> None:
    lost = list(lost)
    from_intake = [one for one in lost if SOURCES[one.source] is ServiceName.INTAKE]
    found.lost_cases = sorted({one.key for one in from_intake if one.key not in cases})
    for one in from_intake:
        if isinstance(one.event, CaseOpened | CaseReportAdded):
            report, there = one.event.change.report, one.key in cases
            found.lost_reports.append(LostReport(one.key, report.source, report.external_id, report.received_at, there))
        if one.key in cases:
            found.lost_changes.setdefault(one.key, []).append(one.type)
    found.lost_reports.sort(key=lambda report: (report.received_at, report.external_id))
    gone = set(found.lost_cases)
    for one in lost:
        if isinstance(one.event, PageEvent):
            if one.key in gone:
                found.orphaned_pages.append(str(_page_of(one.event)))
            else:
                found.lost_pages.setdefault(UUID(one.key), []).append(one.event)
    found.orphaned_pages = sorted(set(found.orphaned_pages))


def _page_of(event: PageEvent) -> UUID:
    if isinstance(event, PageAttempted):
        return event.change.page_id
    change: PageChange = event.change
    return change.page.page_id
