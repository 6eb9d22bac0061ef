"""The figures of a run: POST to assigned, due to page, and how its moments ended. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.client import words
from services.stack.demo.plan import Seen
from services.stack.demo.scripts import Part, Scripted
from shared.contracts.vocabulary import ClockKind, ClockState, RoutingOutcome

LATE_ARRIVAL = "late_arrival"


@dataclass(frozen=True)
class Waits:
    """Times in seconds, sorted."""

    seconds: tuple[float, ...]

    def quantile(self, share: float) -> float:
        """The smallest time that `share` of all do not exceed (nearest rank)."""
        return self.seconds[max(math.ceil(share * len(self.seconds)) - 1, 0)]

    def words(self) -> str:
        """`p50 31 ms, p99 88 ms`."""
        if not self.seconds:
            return "none"
        if len(self.seconds) == 1:
            return _ms(self.seconds[0])
        return f"p50 {_ms(self.quantile(0.5))}, p99 {_ms(self.quantile(0.99))}"


def assigned_at_once(sent: Mapping[str, datetime], decisions: Mapping[str, Sequence[Mapping[str, Any]]]) -> Waits:
    """From the POST to the decision, for each case whose first decision gave it to somebody."""
    waits = []
    for key, sent_at in sent.items():
        first = min(decisions.get(key, ()), key=lambda decision: str(decision["decided_at"]), default=None)
        if first is not None and first["outcome"] == "assigned":
            waits.append((datetime.fromisoformat(first["decided_at"]) - sent_at).total_seconds())
    return Waits(tuple(sorted(waits)))


def due_to_page(deliveries: Iterable[Mapping[str, Any]], cases: Iterable[str]) -> Waits:
    """From a clock's due to its page at the receiver, for clocks that fell due while Tocsin was watching."""
    mine, waits = set(cases), []
    for delivery in deliveries:
        clock = delivery["body"]["data"].get("clock")
        if delivery["type"] != "page.triggered" or delivery.get("case_id") not in mine or not clock:
            continue
        if clock.get("state") == ClockState.BREACHED and clock.get("cause") != LATE_ARRIVAL and clock.get("due_at"):
            arrived = datetime.fromisoformat(delivery["received_at"])
            waits.append((arrived - datetime.fromisoformat(clock["due_at"])).total_seconds())
    return Waits(tuple(sorted(waits)))


def moments(cases: Iterable[tuple[Scripted, Seen]]) -> list[str]:
    """One line for each moment of the story, saying how it ended."""
    told = {Part.ORDER: _regulatory, Part.INTIMATE: _regulatory, Part.LEFT: _left, Part.UNHEARD: _unheard}
    return [f"{script.key}: {told[script.part](seen)}" for script, seen in cases if script.part in told]


def _regulatory(seen: Seen) -> str:
    clocks = [clock for clock in seen.clocks if clock.kind is ClockKind.REGULATORY]
    return ", ".join(f"{clock.name} {words.clock(clock)}" for clock in clocks) or "no regulatory clock applies"


def _left(seen: Seen) -> str:
    breached = [clock for clock in seen.clocks if clock.state is ClockState.BREACHED]
    page = seen.loud
    pages = f"; its page was acknowledged by {page.acknowledged_by}" if page and page.acknowledged_by else ""
    return (", ".join(f"{clock.name} {words.clock(clock)}" for clock in breached) or "no clock breached") + pages


def _unheard(seen: Seen) -> str:
    if seen.decision is not None and seen.decision.outcome is RoutingOutcome.ASSIGNED:
        return f"nobody has {seen.case.language}; given to {seen.decision.specialist}, {seen.case.status}"
    return f"nobody has {seen.case.language}: {seen.case.outcome or seen.case.waiting_reason or seen.case.status}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else words.length(seconds)
