"""Tells the events of one case as intake and the router would, for tests: each with its sequence and summary.

Times are minutes after `T0` unless they are instants.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.bus.messages import Received, source_of
from shared.contracts.registry import EVENT_TYPES, Event
from shared.contracts.vocabulary import Topic
from shared.ids import uuid7

Time = float | datetime
"""Minutes after `T0`, or an instant."""

T0 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""A Monday morning."""


def minutes(number: float) -> datetime:
    """`T0` and so many minutes."""
    return T0 + timedelta(minutes=number)


@dataclass
class Tale:
    """One case. Every method says what happened and remembers the event in `told`."""

    severity: str = "critical"
    policy_area: str = "violent_content"
    region: str = "DE"
    start: datetime = T0
    case_id: UUID = field(default_factory=uuid7)
    partition: int = 0
    told: list[Received] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    status: str = "open"
    reports: int = 0
    stakeholders: bool = False

    def opened(self, at: Time = 0, *, received: Time = 0, **report: Any) -> "Tale":
        return self._report("tocsin.case.opened", at, received, **report)

    def report_added(self, at: Time, *, received: Time | None = None, **report: Any) -> "Tale":
        return self._report("tocsin.case.report_added", at, at if received is None else received, **report)

    def acknowledged(self, at: Time, *, typed: Time | None = None) -> "Tale":
        self.status = "acknowledged"
        return self._intake("acknowledged", at, {"by": "ana"}, typed=typed)

    def accepted(self, at: Time) -> "Tale":
        assignment = {
            "assignment_id": uuid4(),
            "case_id": self.case_id,
            "specialist": "ana",
            "state": "accepted",
            "offered_at": self._time(at),
            "expires_at": None,
        }
        return self._tell(
            "tocsin.assignment.accepted",
            Topic.ASSIGNMENTS,
            "router",
            at,
            {"assignment": assignment, "decision_id": None},
        )

    def pended(self, at: Time, *reasons: str) -> "Tale":
        self.status = "pending"
        return self._intake("pended", at, {"reason": reasons[-1], "until": None, "reasons": reasons})

    def resumed(self, at: Time, *left: str) -> "Tale":
        return self._intake("resumed", at, {"reason": None, "until": None, "reasons": left})

    def acted(self, at: Time, action: str = "remove", *, state: str = "done", typed: Time | None = None) -> "Tale":
        done = {
            "action_id": uuid4(), "action": action, "scope": "global", "state": state, "by": "ana", "at": self._time(at)
        }  # fmt: skip
        name = "action_taken" if state == "done" else "action_proposed"
        return self._intake(name, at, {"action": done}, typed=typed)

    def updated(self, at: Time) -> "Tale":
        return self._intake("update_posted", at, {"text": "We are on it", "stakeholders": []})

    def reclassified(self, at: Time, **after: str) -> "Tale":
        before = self._classes()
        for name, value in after.items():
            setattr(self, name, value)
        change = {"before": before, "after": self._classes(), "cause": "command", "reason": "looked closer"}
        return self._intake("reclassified", at, change)

    def resolved(self, at: Time, *, typed: Time | None = None) -> "Tale":
        self.status = "resolved"
        return self._intake("resolved", at, {"outcome": "violation", "root_cause": None}, typed=typed)

    def reopened(self, at: Time) -> "Tale":
        self.status = "open"
        return self._intake("reopened", at, {"kind": "appeal", "reason": "they asked"})

    def noted(self, at: Time) -> "Tale":
        return self._intake("noted", at, {"visibility": "internal"})

    def _report(self, name: str, at: Time, received: Time, **report: Any) -> "Tale":
        self.reports += 1
        orders = [self._order(order) for order in report.get("orders", ())]
        self.orders += orders
        if report.get("reporter"):
            self.types.append(report["reporter"])
        self.stakeholders = self.stakeholders or report.get("stakeholders", False)
        change = {
            "report": {
                "source": "report-tool",
                "external_id": f"rpt-{self.reports}",
                "reporter_type": report.get("reporter"),
                "received_at": self._time(received),
                "legal_orders": orders,
            },
            "stakeholders": [{"address": "desk@example.org"}] if report.get("stakeholders") else [],
        }
        if self.reports == 1:
            self.start = self._time(received)
        return self._tell(name, Topic.CASES, "intake", at, change)

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        shown = {**order, "received_at": self._time(order["received_at"])}
        if order.get("due_at") is not None:
            shown["due_at"] = self._time(order["due_at"])
        return shown

    def _intake(self, name: str, at: Time, change: dict[str, Any], *, typed: Time | None = None) -> "Tale":
        return self._tell(f"tocsin.case.{name}", Topic.CASES, "intake", at, change, typed=typed)

    def _tell(
        self, name: str, topic: Topic, service: str, at: Time, change: Any, *, typed: Time | None = None
    ) -> "Tale":
        source = source_of(service)
        seq = 1 + sum(1 for received in self.told if received.source == source)
        event = EVENT_TYPES[name].model_validate(
            {
                "case_id": self.case_id,
                "occurred_at": self._time(at),
                "recorded_at": self._time(at if typed is None else typed),
                "actor": {"kind": "person", "id": "ana"},
                "change": change,
                "case": self._summary(),
            }
        )
        self.told.append(self._received(event, topic, source, seq))
        return self

    def _received(self, event: Event, topic: Topic, source: str, seq: int) -> Received:
        return Received(
            topic=topic,
            partition=self.partition,
            offset=len(self.told),
            key=str(self.case_id),
            source=source,
            seq=seq,
            ce_id=uuid7(),
            type=event.type,
            occurred_at=event.occurred_at,
            event=event,
            value={},
            headers={},
        )

    def _summary(self) -> dict[str, Any]:
        return {
            "version": 1 + sum(1 for received in self.told if received.topic is Topic.CASES),
            "status": self.status,
            **self._classes(),
            "source": "report-tool",
            "received_at": self.start,
            "reports": self.reports,
            "legal_orders": self.orders,
            "reporter_types": self.types,
            "has_stakeholders": self.stakeholders,
            "summary": "A threat against a named person",
        }

    def _classes(self) -> dict[str, Any]:
        shown = {"severity": self.severity, "policy_area": self.policy_area, "region": self.region}
        return {**shown, "language": "de", "graphic": 1}

    def _time(self, at: Time) -> datetime:
        return at if isinstance(at, datetime) else minutes(at)
