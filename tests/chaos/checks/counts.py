"""How much happened, and what is told without being a fault. Pure."""

from collections import Counter

from tests.chaos.checks import clocks, pages, sequences
from tests.chaos.history import Kind
from tests.chaos.observed import Observed


def activity(observed: Observed) -> dict[str, int]:
    """What a round must have put to the test; a zero among these makes it void."""
    taken = Counter(call.kind for call in observed.calls if call.taken)
    answers = Counter(c.answer.get("status") for c in observed.calls if c.kind is Kind.ESCALATION and c.taken)
    events = Counter(record.type.removeprefix("tocsin.") for record in observed.first_sendings())
    return {
        "cases opened": answers["accepted"],
        "reports grouped": answers["grouped"],
        "commands taken": taken[Kind.COMMAND],
        "offers": events["assignment.offered"],
        "offers accepted": taken[Kind.ACCEPT],
        "offers declined": taken[Kind.DECLINE],
        "clocks met": events["clock.met"],
        "clocks breached": events["clock.breached"],
        "pages": events["page.triggered"],
        "notifications": sum(told.taken for told in observed.told),
        "pages acknowledged": taken[Kind.PAGE_ACK],
    }


def reported(observed: Observed) -> dict[str, int]:
    """What is told and is no fault."""
    keyed = Counter((c.principal, c.key) for c in observed.calls if c.key)
    return {
        "calls": len(observed.calls),
        "unknown outcomes": sum(call.unknown for call in observed.calls),
        "refused for now": sum(call.status in (429, 503) for call in observed.calls),
        "server errors": sum(call.status is not None and 500 <= call.status != 503 for call in observed.calls),
        "tries with a key used before": sum(keyed.values()) - len(keyed),
        "records sent again": sequences.sent_again(observed),
        "requests with a webhook-id used before": pages.duplicates(observed),
        "breaches on lagging evidence": clocks.lagging(observed),
        "breaches rescinded": sum(1 for _ in observed.of_type("clock.rescinded")),
        "sends of a thawed notifier": pages.frozen_sends(observed),
    }
