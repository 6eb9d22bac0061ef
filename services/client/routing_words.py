"""Plain words for a routing decision: who got a case, why, what was let go, and who could not take it. Pure."""

from services.client.words import spaced
from shared.contracts.views import DecisionView
from shared.contracts.vocabulary import RoutingOutcome

_EXCLUDED = {
    "off_shift": "off shift",
    "not_available": "away or offline",
    "at_capacity": "at capacity",
    "missing_certification": "without the certification",
    "language": "without the language",
    "region": "for other regions",
    "policy_area": "for other policy areas",
    "conflict_of_interest": "with a conflict of interest",
    "exposure_cap": "at the exposure cap",
    "exposure_spacing": "resting between graphic cases",
    "opted_out": "opted out",
    "declined_before": "who declined it before",
    "shift_ends": "whose shift ends too soon",
    "unavailable": "unavailable",
}
_PARTS = {
    "urgency": "urgency",
    "language": "language",
    "policy_area": "policy area",
    "region": "region",
    "scarce": "kept for scarcer languages",
    "exposure": "exposure so far",
    "idle": "time without work",
    "continuity": "knows the subject",
}


def routing(decision: DecisionView) -> list[str]:
    """Why a case went to whom it went, or why it waits: one sentence an item."""
    return [_outcome(decision), *_relaxed(decision), *_parts(decision), *_excluded(decision)]


def brief(decision: DecisionView) -> str:
    """Who and why in a few words, for one cell of a table."""
    if decision.outcome is not RoutingOutcome.ASSIGNED:
        return f"{decision.outcome}: {spaced(decision.waiting_reason)}"
    relaxed = ", ".join(spaced(item.requirement) for item in decision.relaxed)
    rivals = len(decision.candidates)
    if rivals > 1:
        match = f"{relaxed} relaxed" if relaxed else "full match"
        return f"{decision.specialist}: {match}, best of {rivals}"
    return f"{decision.specialist}: " + (f"{relaxed} relaxed" if relaxed else "only full match")


def _outcome(decision: DecisionView) -> str:
    if decision.outcome is RoutingOutcome.WAITING:
        return f"Waits: {spaced(decision.waiting_reason)}."
    if decision.outcome is RoutingOutcome.UNROUTABLE:
        return f"Nobody can take it before its deadline: {spaced(decision.waiting_reason)}."
    others = [f"{item.specialist} ({item.score:.3g})" for item in decision.candidates[1:4]]
    behind = f", ahead of {', '.join(others)}" if others else ", the only one who could take it"
    return f"Given to {decision.specialist} with score {decision.score or 0:.3g}{behind}."


def _relaxed(decision: DecisionView) -> list[str]:
    return [f"Does not match its {spaced(item.requirement)}: {spaced(item.why)}." for item in decision.relaxed]


def _parts(decision: DecisionView) -> list[str]:
    if decision.outcome is not RoutingOutcome.ASSIGNED or not decision.candidates:
        return []
    parts = decision.candidates[0].parts.model_dump()
    counted = [f"{_PARTS.get(name, spaced(name))} {value:+.3g}" for name, value in parts.items() if value]
    return [f"The score: {', '.join(counted)}."] if counted else []


def _excluded(decision: DecisionView) -> list[str]:
    if not decision.excluded:
        return []
    ranked = sorted(decision.excluded.items(), key=lambda item: (-item[1], item[0]))
    return [f"Not considered: {', '.join(f'{count} {_EXCLUDED.get(code, spaced(code))}' for code, count in ranked)}."]
