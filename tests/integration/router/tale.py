"""Events about a case as intake and sla_monitor would send them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.bus.kafka import partition_of
from shared.bus.messages import Received
from shared.contracts.events import CaseBound
from shared.contracts.registry import EVENT_TYPES
from shared.ids import uuid7

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def received(event: CaseBound, offset: int = 0) -> Received:
    """The record that carries `event`."""
    return Received(
        topic=event.topic,
        partition=partition_of(str(event.case_id)),
        offset=offset,
        key=str(event.case_id),
        source="/tocsin/test",
        seq=1,
        ce_id=uuid7(),
        type=event.type,
        occurred_at=event.occurred_at,
        event=event,
        value={},
        headers={},
    )


@dataclass
class Case:
    """A case as intake would tell of it: each event has the next version of the summary."""

    at: datetime = MONDAY
    case_id: UUID = field(default_factory=uuid7)
    summary: dict[str, Any] = field(default_factory=dict)
    version: int = 0

    def __post_init__(self) -> None:
        self.summary = {
            "status": "open",
            "severity": "high",
            "policy_area": "violent_content",
            "language": "en",
            "region": "US",
            "graphic": 0,
            "subject": None,
            "source": "report-tool",
            "received_at": self.at,
            "reports": 1,
            "summary": "A case",
            **self.summary,
        }

    def event(self, kind: str, change: dict[str, Any], *, by: str | None = None, **summary: Any) -> CaseBound:
        """The next event of tocsin.cases, a second after the one before; `summary` changes with it."""
        self.version += 1
        self.summary |= summary
        at = self.at + timedelta(seconds=self.version)
        return self._made(f"tocsin.case.{kind}", change, at, by)

    def clock(
        self,
        name: str = "resolve",
        *,
        due: timedelta | None,
        state: str = "running",
        event: str = "started",
        **more: Any,
    ) -> CaseBound:
        """An event of tocsin.clocks, with the summary as it is."""
        clock = {
            "clock_id": more.pop("clock_id", UUID(int=len(name))),
            "case_id": self.case_id,
            "name": name,
            "kind": "internal",
            "definition": name,
            "definition_version": "1",
            "cycle": 1,
            "state": state,
            "started_at": self.at,
            "due_at": None if due is None else self.at + due,
            "elapsed_seconds": 0,
            "remaining_seconds": 0,
            **more,
        }
        return self._made(f"tocsin.clock.{event}", {"clock": clock}, self.at, None)

    def opened(self) -> CaseBound:
        report = {"source": "report-tool", "external_id": "r", "reporter_type": None, "received_at": self.at}
        return self.event("opened", {"report": report, "stakeholders": []})

    def acknowledged(self, by: str) -> CaseBound:
        return self.event("acknowledged", {"by": by}, by=by, status="acknowledged")

    def resolved(self, by: str = "lead") -> CaseBound:
        return self.event("resolved", {"outcome": "violation"}, by=by, status="resolved")

    def reopened(self, kind: str = "appeal") -> CaseBound:
        return self.event("reopened", {"kind": kind, "reason": "r"}, by="lead", status="open")

    def transferred(self, *, by: str = "lead", override: bool = False, **to: str) -> CaseBound:
        change = {"to": to, "reason": "r", "override_exposure": override}
        return self.event("transferred", change, by=by, status="open")

    def reclassified(self, **after: Any) -> CaseBound:
        names = ("severity", "policy_area", "language", "region", "graphic")
        before = {name: self.summary[name] for name in names}
        change = {"before": before, "after": {**before, **after}, "cause": "command", "reason": "r"}
        return self.event("reclassified", change, by="lead", **after)

    def _made(self, kind: str, change: dict[str, Any], at: datetime, by: str | None) -> CaseBound:
        actor = {"kind": "person", "id": by} if by else {"kind": "system", "id": "intake"}
        made = EVENT_TYPES[kind].model_validate(
            {
                "case_id": self.case_id,
                "occurred_at": at,
                "recorded_at": at,
                "actor": actor,
                "change": change,
                "case": {**self.summary, "version": max(1, self.version)},
            }
        )
        assert isinstance(made, CaseBound)
        return made
