"""What would be decided for an escalation that nobody posted: for previews and `tocsin route-test`. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from services.router.deadline import stand_in
from services.router.explain import view
from services.router.floor import Floor
from services.router.matching import decide_one
from services.router.need import NOBODY, Need, Waiting
from services.router.rules import Rules
from shared.config.regions import ISO_3166
from shared.contracts.escalation import Escalation
from shared.contracts.views import DecisionView
from shared.contracts.vocabulary import UNKNOWN_REGION
from shared.ids import uuid7

EARLIEST = timedelta(days=30)
LATEST = timedelta(minutes=5)
"""How far before and after now a `received_at` may lie."""

NO_CASE = UUID(int=0)
"""Stands where a decision has no case."""


def faults(escalation: Escalation, rules: Rules, now: datetime) -> Iterator[tuple[str, str]]:
    """(field, message) of what would be refused, as far as routing reads it."""
    if not rules.knows(escalation.policy_area):
        yield "policy_area", f"{escalation.policy_area!r} is not in the taxonomy; use one of its ids, or unknown"
    if escalation.region != UNKNOWN_REGION and escalation.region not in ISO_3166:
        yield "region", f"{escalation.region!r} is no ISO 3166-1 code; use ZZ when the region is unknown"
    received_at = escalation.received_at
    if received_at is not None and not now - EARLIEST <= received_at <= now + LATEST:
        yield "received_at", "received_at lies between 30 days ago and 5 minutes ahead"


def decide(escalation: Escalation, floor: Floor, *, familiar: frozenset[str] = NOBODY) -> DecisionView:
    """The decision that the matcher would take on `floor`, were this the only case."""
    case = waiting(escalation, floor.rules, floor.now, familiar=familiar)
    return view(decide_one(floor, case), decision_id=uuid7(), decided_at=floor.now)


def waiting(escalation: Escalation, rules: Rules, now: datetime, *, familiar: frozenset[str] = NOBODY) -> Waiting:
    """The case that the escalation would become, with the deadline that holds until its clocks are known."""
    severity = escalation.severity or rules.severity(escalation.policy_area)
    need = Need(
        severity=severity,
        policy_area=escalation.policy_area,
        language=escalation.language,
        region=escalation.region,
        conflicted=frozenset(escalation.excluded_specialists),
        familiar=familiar,
    )
    due = stand_in(escalation.received_at or now, rules.resolve_targets.get(severity))
    return Waiting(NO_CASE, need, due, now)
