"""A decision as the contract shows it, with what is private hidden from those whom it does not concern. Pure.

Stored as it was decided; hidden when it is read, and always in events, which anybody may read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from services.router.decision import Decision
from services.router.eligibility import PRIVATE, UNAVAILABLE
from services.router.group import Candidate
from services.router.scoring import NANO, Parts
from shared.contracts.views import CandidateView, DecisionBrief, DecisionView, Relaxed, ScoreParts

Reasons = Mapping[str, tuple[str, ...]]


def view(decision: Decision, *, decision_id: UUID, decided_at: datetime) -> DecisionView:
    """The decision in full, nothing hidden."""
    excluded_by = {who: tuple(reason.value for reason in why) for who, why in decision.excluded_by.items()}
    return DecisionView(
        decision_id=decision_id,
        case_id=decision.case.case_id,
        decided_at=decided_at,
        outcome=decision.outcome,
        specialist=decision.specialist,
        score=decision.chosen.parts.total / NANO if decision.chosen else None,
        relaxed=tuple(Relaxed(requirement=one.requirement, why=one.why) for one in decision.relaxed),
        waiting_reason=decision.waiting_reason,
        candidates=tuple(_candidate(candidate) for candidate in decision.candidates),
        excluded=count(excluded_by),
        excluded_by=excluded_by,
        weights_version=decision.weights_version,
        config_version=decision.config_version,
    )


def as_read_by(reader: str | None, full: DecisionView, *, lead: bool = False) -> DecisionView:
    """The decision as `reader` may see it: private reasons of others read `unavailable`, also in the counts."""
    if lead:
        return full
    excluded_by = {who: why if who == reader else hidden(why) for who, why in full.excluded_by.items()}
    return full.model_copy(update={"excluded_by": excluded_by, "excluded": count(excluded_by)})


def brief(full: DecisionView) -> DecisionBrief:
    """The decision as events carry it: without names of the excluded, and nothing private."""
    public = as_read_by(None, full)
    fields = {name: getattr(public, name) for name in DecisionBrief.model_fields}
    return DecisionBrief.model_construct(**fields)


def hidden(reasons: Iterable[str]) -> tuple[str, ...]:
    """The reasons as anybody may read them, each once."""
    return tuple(dict.fromkeys(UNAVAILABLE if reason in PRIVATE else reason for reason in reasons))


def count(excluded_by: Reasons) -> dict[str, int]:
    """How many people each reason excluded."""
    return dict(sorted(Counter(reason for why in excluded_by.values() for reason in why).items()))


def _candidate(candidate: Candidate) -> CandidateView:
    return CandidateView(
        specialist=candidate.specialist,
        score=candidate.parts.total / NANO,
        parts=_parts(candidate.parts),
    )


def _parts(parts: Parts) -> ScoreParts:
    return ScoreParts(**{name: getattr(parts, name) / NANO for name in ScoreParts.model_fields})
