"""A small history made by hand, in which every promise was kept; tests of the checker spoil it in one place.

Two cases. The calm one: two reports, an offer declined, one accepted, acknowledged, resolved. The late one: nobody
took it, its acknowledge clock breached, ana was paged and acknowledged. `tables` is derived from what happened when
it is first asked for: what happens must be added before, what is stored is spoiled after.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from tests.chaos import world
from tests.chaos.history import Call, Kind
from tests.chaos.observed import Disturbance, Observed, Record, Told
from tests.chaos.quiet import READ_BY

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CALM, LATE = "case-calm", "case-late"
TARGETS = {
    "high": {"acknowledge": 1800, "first_action": 7200, "resolve": 14_400},
    "critical": {"acknowledge": 300, "first_action": 1800, "resolve": 3600},
    "low": {"acknowledge": 28_800, "first_action": 86_400, "resolve": 86_400},
}
"""Seconds, as the configuration of `world` has them."""

TOPIC = {"intake": "cases", "router": "assignments", "sla_monitor": "clocks", "notifier": "pages"}

Row = dict[str, Any]


def at(seconds: float) -> datetime:
    """So long after the start."""
    return START + timedelta(seconds=seconds)


@dataclass
class Forge:
    """What happened so far."""

    records: list[Record] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    cases: dict[str, Row] = field(default_factory=dict)
    assignments: dict[str, Row] = field(default_factory=dict)
    clocks: dict[tuple[str, str], Row] = field(default_factory=dict)
    pages: dict[str, Row] = field(default_factory=dict)
    attempts: list[Row] = field(default_factory=list)
    disturbances: list[Disturbance] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    booked: list[tuple[float, str, str, int]] = field(default_factory=list)
    """When which assignment of whom changed their load by how much."""

    def observed(self) -> Observed:
        """What a checker would be given."""
        return Observed(
            at=at(120),
            records=self.records,
            tables=self.tables,
            told=self.told,
            calls=self.calls,
            config=world.configuration(pager_url="http://127.0.0.1:9/pages"),
            disturbances=self.disturbances,
            unsettled=self.unsettled,
        )

    def call(self, kind: Kind, name: str, who: str, when: float, status: int | None = 200, **rest: Any) -> None:
        """A call that was answered 50 ms later."""
        started, ended = at(when), at(when + 0.05)
        number = f"key-{len(self.calls)}"
        call = {"key": number, "status": status, **rest}
        self.calls.append(Call(kind=kind, name=name, principal=who, started=started, ended=ended, **call))

    def tell(
        self, service: str, key: str, name: str, when: float, change: Row, by: str = "", occurred: float = 0
    ) -> None:
        """The next event of a service about a case, appended 10 ms after it was recorded."""
        seq = 1 + sum((r.key, r.service) == (key, service) for r in self.records)
        topic = f"tocsin.{TOPIC[service]}"
        if service == "intake":
            self.cases[key]["version"] = seq
        value = {
            "case_id": key,
            "occurred_at": at(occurred or when).isoformat(),
            "recorded_at": at(when).isoformat(),
            "actor": {"kind": "person", "id": by or service},
            "change": change,
            "case": dict(self.cases[key]),
        }
        self.records.append(
            Record(
                topic=topic,
                partition=0,
                offset=sum(r.topic == topic for r in self.records),
                key=key,
                type=f"tocsin.{name}",
                source=f"/tocsin/{service}",
                seq=seq,
                ce_id=f"ce-{len(self.records)}",
                appended=at(when + 0.01),
                value=value,
            )
        )

    def open(self, case_id: str, severity: str, external_id: str, when: float, received: float, subject: str) -> None:
        """A case is taken in, its clocks start, and it waits."""
        self.cases[case_id] = {
            "status": "open",
            "severity": severity,
            "policy_area": "unknown",
            "language": "es",
            "region": "MX",
            "graphic": 0,
            "reports": 1,
            "subject": {"type": "post", "id": subject},
            "received_at": at(received).isoformat(),
            "legal_orders": [],
        }
        self.report(case_id, "report-tool", external_id, when)
        self.tell("router", case_id, "assignment.waiting", when + 0.1, {"decision": {"outcome": "waiting"}})
        for name, target in TARGETS[severity].items():
            self.start_clock(case_id, name, received, target, when + 0.1)

    def report(self, case_id: str, source: str, external_id: str, when: float) -> None:
        """A report opens a case or joins it."""
        known = any(record.key == case_id for record in self.records)
        change = {"report": {"source": source, "external_id": external_id}}
        self.cases[case_id]["reports"] = 2 if known else 1
        self.tell("intake", case_id, "case.report_added" if known else "case.opened", when, change, by=source)
        answer = {"case_id": case_id, "status": "grouped" if known else "accepted", "version": 1}
        self.call(Kind.ESCALATION, "escalation", source, when, 202, external_id=external_id, answer=answer)

    def command(
        self, case_id: str, name: str, event: str, when: float, by: str = "ana", occurred: float = 0, **changes: Any
    ) -> None:
        """A command is taken, and its event told; it may have happened earlier."""
        self.cases[case_id].update(changes)
        self.tell("intake", case_id, event, when, {}, by=by, occurred=occurred)
        answer = {"case_id": case_id, "version": self.cases[case_id]["version"]}
        self.call(Kind.COMMAND, name, by, when, subject=case_id, answer=answer)

    def assign(self, case_id: str, assignment_id: str, who: str, state: str, when: float, **rest: Any) -> None:
        """An assignment comes to this state."""
        ended = at(when) if state in ("declined", "expired", "released") else None
        begins = assignment_id not in self.assignments
        row = self.assignments.setdefault(
            assignment_id,
            {"assignment_id": assignment_id, "case_id": case_id, "specialist": who, "units": 1, "claimed": False}
            | {"offered_at": at(when)},
        )
        row |= {"state": state, "ended_at": ended, **rest}
        if begins or ended:
            self.booked.append((when, assignment_id, who, row["units"] if begins else -row["units"]))
        shown = {name: row[name] for name in ("assignment_id", "case_id", "specialist", "state")}
        self.tell("router", case_id, f"assignment.{state}", when, {"assignment": shown})

    def answer_offer(self, kind: Kind, case_id: str, assignment_id: str, who: str, when: float) -> None:
        """The call by which somebody accepted or declined."""
        answer = {"case_id": case_id, "assignment_id": assignment_id}
        self.call(kind, kind.value, who, when, subject=assignment_id, answer=answer)

    def start_clock(self, case_id: str, name: str, received: float, target: float, when: float) -> None:
        """A clock starts."""
        self.clocks[case_id, name] = {
            "clock_id": f"{case_id}-{name}",
            "case_id": case_id,
            "name": name,
            "reference": "",
            "kind": "internal",
            "state": "running",
            "due_at": at(received + target),
            "stopped_at": None,
        }
        self.clock(case_id, name, "started", when)

    def clock(self, case_id: str, name: str, event: str, when: float, **changes: Any) -> None:
        """Something happens to a clock."""
        row = self.clocks[case_id, name]
        row.update(changes)
        shown = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}
        self.tell("sla_monitor", case_id, f"clock.{event}", when, {"clock": shown | {"evidence": "complete"}})

    def page(self, page_id: str, case_id: str, event: str, when: float, **changes: Any) -> None:
        """Something happens to a page."""
        row = self.pages.setdefault(page_id, {"page_id": page_id, "acknowledged_at": None, "reasons": []})
        row.update(changes)
        shown = {"page_id": page_id, "state": row["state"]}
        ended = row["acknowledged_at"].isoformat() if row["acknowledged_at"] else None
        self.tell("notifier", case_id, f"page.{event}", when, {"page": shown | {"acknowledged_at": ended}})

    def notice(self, page_id: str, type_: str, when: float, state: str = "sent", **rest: Any) -> None:
        """An attempt, and its arrival at the pager if it was sent."""
        webhook_id = f"hook-{len(self.attempts)}"
        place = {"step": 0, "round": 0, "responder": "ana", "channel": "pager", "about": None}
        names = {"attempt_id": f"attempt-{len(self.attempts)}", "page_id": page_id, "webhook_id": webhook_id}
        self.attempts.append({**names, **place, "type": type_, "state": state, **rest})
        if state == "sent":
            self.arrive(webhook_id, type_, page_id, when)

    def arrive(self, webhook_id: str, type_: str, page_id: str, when: float, *, signed: bool = True) -> None:
        """The pager double received a notification."""
        self.told.append(
            Told(
                webhook_id=webhook_id,
                type=type_,
                channel="/pages",
                responder="ana",
                page_id=page_id,
                clock_id=None,
                at=at(when),
                status=200,
                signed=signed,
            )
        )

    @cached_property
    def tables(self) -> dict[str, dict[str, list[Row]]]:
        """The four schemas after all this."""
        tables: dict[str, dict[str, list[Row]]] = {service: defaultdict(list) for service in TOPIC}
        tables["router"]["assignments"] = list(self.assignments.values())
        tables["sla_monitor"]["clocks"] = list(self.clocks.values())
        tables["router"]["specialists"] = [{"id": who, "load": self._load(who)} for who in world.SPECIALISTS]
        tables["chaos"] = {
            "loads": list(self._loads()),
            "begun": [{"assignment_id": a, "tx": a} for a in self.assignments],
        }
        tables["notifier"] |= {"page": list(self.pages.values()), "attempt": self.attempts}
        for case_id, case in self.cases.items():
            self._store_case(tables, case_id, case)
        for record in self.records:
            named = {"case_id": record.key, "source": record.source, "sequence": record.seq}
            tables["intake"]["timeline"].append(named)
        for service, topics in READ_BY.items():
            last = {(r.key, r.source): r for r in sorted(self.records, key=lambda r: r.seq) if r.topic in topics}
            tables[service]["consumed"] = [
                {"key": key, "source": source, "last_seq": record.seq, "last_ce_id": record.ce_id}
                for (key, source), record in last.items()
            ]
        return tables

    def _loads(self) -> Iterator[Row]:
        """Each change of a load in order of time; a transaction is called after the assignment that it begins."""
        held: dict[str, int] = defaultdict(int)
        for number, (_, assignment_id, who, units) in enumerate(sorted(self.booked)):
            tx = assignment_id if units > 0 else f"end of {assignment_id}"
            yield {"id": number, "tx": tx, "specialist": who, "before": held[who], "after": held[who] + units}
            held[who] += units

    def _load(self, who: str) -> int:
        held = [a for a in self.assignments.values() if a["specialist"] == who and a["ended_at"] is None]
        return sum(assignment["units"] for assignment in held)

    def _store_case(self, tables: dict[str, dict[str, list[Row]]], case_id: str, case: Row) -> None:
        sent = {s: max((r.seq for r in self.records if (r.key, r.service) == (case_id, s)), default=0) for s in TOPIC}
        live = [a for a in self.assignments.values() if a["case_id"] == case_id and a["ended_at"] is None]
        holder = live[0] if live else {"specialist": None, "assignment_id": None}
        subject = {"subject_type": case["subject"]["type"], "subject_id": case["subject"]["id"]}
        shown = {"assignee": holder["specialist"], "assignment_id": holder["assignment_id"]}
        tables["intake"]["cases"].append({"case_id": case_id, **case, **subject, **shown})
        phase = "closed" if case["status"] == "resolved" else "held" if live else "waiting"
        stored = {"case_id": case_id, "key": case_id, "summary": dict(case)}
        for service in ("router", "sla_monitor", "notifier"):
            tables[service]["cases"].append({**stored, "seq": sent[service], "phase": phase})
        if case["status"] != "resolved":
            slot = {"type": "post", "id": case["subject"]["id"], "policy_area": case["policy_area"]}
            tables["intake"]["open_subject"].append({**slot, "case_id": case_id})
        for record in self.records:
            if record.key == case_id and "report" in record.change:
                tables["intake"]["reports"].append({**record.change["report"], "case_id": case_id})
