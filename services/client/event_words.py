"""Plain words for the events of a timeline: what each says beside its type. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from services.client.words import length, spaced
from shared.contracts.scalars import parse_duration


def event(type_: str, change: Mapping[str, Any]) -> str:
    """What an event of the timeline says beside its type; empty where the type says it all."""
    teller = _teller(type_)
    try:
        return teller(change) if teller else ""
    except (KeyError, TypeError, ValueError):
        return ""


def knows(type_: str) -> bool:
    """Whether an event of this type has words of its own."""
    return _teller(type_) is not None


def _teller(type_: str) -> Callable[[Mapping[str, Any]], str] | None:
    name = type_.removeprefix("tocsin.")
    return _TELLERS.get(name) or _TELLERS.get(name.partition(".")[0])


def _report(change: Mapping[str, Any]) -> str:
    report = change["report"]
    orders = [order["clock"] for order in report.get("legal_orders") or ()]
    return f"{report['source']} {report['external_id']}" + (f", order {', '.join(orders)}" if orders else "")


def _assignment(change: Mapping[str, Any]) -> str:
    assignment = change["assignment"]
    return str(assignment["specialist"]) + (f": {spaced(assignment['reason'])}" if assignment.get("reason") else "")


def _clock(change: Mapping[str, Any]) -> str:
    percent = f" at {change['percent']} %" if "percent" in change else ""
    late = f" {length(parse_duration(change['late_by']).total_seconds())} late" if "late_by" in change else ""
    return f"{change['clock']['name']}{percent}{late}"


def _page(change: Mapping[str, Any]) -> str:
    reasons = [" ".join(filter(None, (item["kind"], item.get("name")))) for item in change["page"]["reasons"]]
    responders = ", ".join(dict.fromkeys(item["responder"] for item in change["page"].get("responders") or ()))
    return ", ".join(reasons) + (f" → {responders}" if responders else "")


def _attempt(change: Mapping[str, Any]) -> str:
    attempt = change["attempt"]
    return f"{attempt['channel']} to {attempt['responder'] or 'nobody'}: {attempt['state']}"


def _action(change: Mapping[str, Any]) -> str:
    action = change["action"]
    regions = f" in {', '.join(action['regions'])}" if action.get("regions") else ""
    return f"{spaced(action['action'])} ({action['scope']}{regions})"


def _reclassified(change: Mapping[str, Any]) -> str:
    before, after = change["before"], change["after"]
    changed = [f"{name} {before.get(name)} → {after[name]}" for name in after if after[name] != before.get(name)]
    return ", ".join(changed)


_TELLERS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "case.opened": _report,
    "case.report_added": _report,
    "case.acknowledged": lambda change: f"by {change['by']}",
    "case.pended": lambda change: spaced(change["reason"]),
    "case.resumed": lambda change: spaced(change["reason"]) if change["reason"] else "",
    "case.noted": lambda change: f"{change['visibility']} note",
    "case.update_posted": lambda change: f"to {len(change['stakeholders'])} stakeholder(s)",
    "case.action_proposed": _action,
    "case.action_taken": _action,
    "case.reclassified": _reclassified,
    "case.transferred": lambda change: f"{next(filter(None, change['to'].values()))}: {change['reason']}",
    "case.resolved": lambda change: spaced(change["outcome"]),
    "case.reopened": lambda change: f"{spaced(change['kind'])}: {change['reason']}",
    "assignment": _assignment,
    "assignment.waiting": lambda change: spaced(change["decision"]["waiting_reason"]),
    "assignment.unroutable": lambda change: spaced(change["decision"]["waiting_reason"]),
    "clock": _clock,
    "page": _page,
    "page.attempted": _attempt,
}
"""By event, or else by family."""
