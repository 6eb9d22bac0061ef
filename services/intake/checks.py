"""Checks of what was sent against the configuration and the present: ids, addresses, instants.

Pure. Every fault names its place in the JSON and says what would be right.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.intake.refusal import Fault
from shared.config.models import Configuration
from shared.config.regions import ISO_3166
from shared.contracts.escalation import Addressee, Escalation, Order
from shared.contracts.vocabulary import UNKNOWN_POLICY_AREA, UNKNOWN_REGION

EARLIEST = timedelta(days=30)
LATEST = timedelta(minutes=5)
"""How far before and after now a `received_at` may lie."""


def faults_of(escalation: Escalation, config: Configuration) -> list[Fault]:
    """Every id in the escalation that the configuration does not know, and every address it does not allow."""
    return [
        *area_faults(escalation.policy_area, config),
        *region_faults(escalation.region),
        *_order_faults(escalation.legal_orders, config),
        *_address_faults(escalation.stakeholders, config),
    ]


def window_fault(escalation: Escalation, now: datetime) -> Fault | None:
    """A `received_at` more than 30 days ago or more than 5 minutes ahead."""
    at = escalation.received_at
    if at is None or now - EARLIEST <= at <= now + LATEST:
        return None
    return Fault(("received_at",), "received_at lies between 30 days ago and 5 minutes ahead")


def area_faults(policy_area: str, config: Configuration) -> Iterator[Fault]:
    """A policy area that the taxonomy does not have; `unknown` is always known."""
    if policy_area != UNKNOWN_POLICY_AREA and policy_area not in config.taxonomy.policy_areas:
        detail = f"{policy_area!r} is not in the taxonomy; use one of GET /v1/taxonomy, or unknown"
        yield Fault(("policy_area",), detail)


def region_faults(region: str, *loc: str | int) -> Iterator[Fault]:
    """Two letters that are no country; groups such as EU stand in configuration only."""
    if region != UNKNOWN_REGION and region not in ISO_3166:
        yield Fault(loc or ("region",), f"{region!r} is no ISO 3166-1 code; use ZZ when the region is unknown")


def _order_faults(orders: tuple[Order, ...], config: Configuration) -> Iterator[Fault]:
    if not orders:
        return
    clocks = {clock.id: clock for clock in config.sla.regulatory if clock.trigger == "legal_order"}
    for index, order in enumerate(orders):
        definition = clocks.get(order.clock)
        if definition is None or not definition.enabled:
            yield Fault(("legal_orders", index, "clock"), f"{order.clock!r} is no enabled clock that an order starts")
        elif definition.target is None and order.due_at is None:
            yield Fault(("legal_orders", index, "due_at"), f"{order.clock} has no target of its own: give due_at")


def _address_faults(stakeholders: tuple[Addressee, ...], config: Configuration) -> Iterator[Fault]:
    allowed = {domain.lower() for domain in config.access.stakeholder_domains}
    for index, stakeholder in enumerate(stakeholders):
        if stakeholder.address.rpartition("@")[2].lower() not in allowed:
            detail = "the address's domain is not among stakeholder_domains of access.yaml"
            yield Fault(("stakeholders", index, "address"), detail)
