"""What a scripted escalation is: its body, and what the people who work on it will do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Part(StrEnum):
    """The part an escalation has in the story beside being worked on."""

    PLAIN = "plain"
    GROUPED = "grouped"
    DUPLICATE = "duplicate"
    ORDER = "order"
    INTIMATE = "intimate"
    LEFT = "left"
    UNHEARD = "unheard"
    DECLINED = "declined"
    CONFIRMED = "confirmed"
    PENDED = "pended"


@dataclass(frozen=True)
class Act:
    """A remedy that the specialist takes."""

    action: str
    regions: tuple[str, ...] = ()
    reason: str = "Violates the policy as reported."

    def body(self) -> dict[str, Any]:
        """The body of the command `act`."""
        scope = {"scope": "geo", "regions": list(self.regions)} if self.regions else {"scope": "global"}
        return {"action": self.action, "reason": self.reason, **scope}


@dataclass(frozen=True)
class Scripted:
    """One escalation of the story. `key` is unique in it; `twin` names the one whose case or body it shares."""

    key: str
    source: str
    fields: Mapping[str, Any]
    part: Part = Part.PLAIN
    acts: tuple[Act, ...] = ()
    outcome: str = "violation"
    received_before: timedelta | None = None
    order: Mapping[str, str] | None = None
    twin: str | None = None
    subject: str | None = field(default=None)

    def body(self, run: str, began: datetime) -> dict[str, Any]:
        """The escalation as posted: the same for the same run, whoever asks and however often."""
        named = self.twin if self.part is Part.DUPLICATE and self.twin else self.key
        subject = self.subject or named
        body: dict[str, Any] = {
            "external_id": f"{run}-{named}",
            **self.fields,
            "subject": {"type": "post", "id": f"{run}-{subject}"},
            "labels": {"demo": run},
        }
        if self.received_before is not None:
            body["received_at"] = (began - self.received_before).isoformat()
        if self.order is not None:
            received = (began - timedelta(minutes=2)).isoformat()
            body["legal_orders"] = [
                {**self.order, "reference": f"{run}-{self.order['reference']}", "received_at": received}
            ]
        return body
