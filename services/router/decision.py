"""A routing decision with all that explains it: candidates, what was relaxed, who was excluded and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.router.eligibility import PRIVATE, UNAVAILABLE, Fit, Reason, hindrances
from services.router.group import Candidate, Group, Pair
from services.router.need import Waiting
from services.router.relaxing import Relaxation, relaxations, rung_of
from shared.contracts.vocabulary import Requirement, RoutingOutcome

NO_SPECIALISTS = "no_specialists"


@dataclass(frozen=True)
class Decision:
    """What was decided for a case. `chosen`, `units` and `handling` are None and zero unless assigned.

    `named`: a transfer asked for this person by name, which overrides presence and capacity.
    """

    case: Waiting
    outcome: RoutingOutcome
    chosen: Candidate | None
    units: int
    handling: timedelta
    relaxed: tuple[Relaxation, ...]
    waiting_reason: str | None
    candidates: tuple[Candidate, ...]
    excluded_by: Mapping[str, tuple[Reason, ...]]
    weights_version: str
    config_version: str
    named: bool = False

    @property
    def specialist(self) -> str | None:
        """Who gets the case."""
        return self.chosen.fitting.specialist.id if self.chosen else None


def assigned(pair: Pair) -> Decision:
    """The decision that makes `pair`; to be taken before the pair is booked."""
    group, case, chosen = pair.group, pair.case, pair.chosen
    misses = chosen.fitting.misses
    level = rung_of(misses, group.ladder)
    relaxed = relaxations(group.outlook(), level, group.slack(case), misses) if level else ()
    candidates = group.candidates(case)
    if chosen.order not in (candidate.order for candidate in candidates):
        candidates = [chosen, *candidates][:5]
    return Decision(
        case=case,
        outcome=RoutingOutcome.ASSIGNED,
        chosen=chosen,
        units=group.units,
        handling=chosen.fitting.handling,
        relaxed=relaxed,
        waiting_reason=None,
        candidates=tuple(candidates),
        excluded_by=_excluded(group, case, level, chosen),
        weights_version=group.floor.weights_version,
        config_version=group.floor.rules.version,
        named=group.need.specialist is not None,
    )


def left_waiting(group: Group, case: Waiting) -> Decision:
    """The decision that leaves `case` waiting, with why nobody may take it now."""
    outcome, reason = waiting_outcome(group, case)
    level = group.outlook().level(group.slack(case))
    return Decision(
        case=case,
        outcome=outcome,
        chosen=None,
        units=0,
        handling=timedelta(0),
        relaxed=(),
        waiting_reason=reason,
        candidates=(),
        excluded_by=_excluded(group, case, level, None),
        weights_version=group.floor.weights_version,
        config_version=group.floor.rules.version,
    )


def waiting_outcome(group: Group, case: Waiting) -> tuple[RoutingOutcome, str]:
    """Waiting, or unroutable when nobody who passes the hard filters is on shift before the deadline; and why."""
    if group.unknown:
        return RoutingOutcome.WAITING, group.unknown
    if not group.fitting.allowed:
        return RoutingOutcome.UNROUTABLE, _commonest(group.fitting.everybody)
    view = group.outlook()
    rung = view.rungs[view.level(group.slack(case))]
    reason = shown(rung.reason) if rung.reason else _unmatched(group)
    return _reachable(group, case, reason)


def shown(reason: Reason) -> str:
    """The reason as anybody may read it."""
    return UNAVAILABLE if reason in PRIVATE else reason.value


def _reachable(group: Group, case: Waiting, reason: str) -> tuple[RoutingOutcome, str]:
    on_shift, now = group.outlook().on_shift, group.floor.now
    if on_shift is None or (on_shift > now and case.due is not None and on_shift >= case.due):
        return RoutingOutcome.UNROUTABLE, reason
    return RoutingOutcome.WAITING, reason


def _unmatched(group: Group) -> str:
    """The first requirement of the ladder that everybody misses."""
    everybody = [fitting.misses for fitting in group.fitting.allowed.values()]
    missed = (one for one in group.ladder if all(one in misses for misses in everybody))
    return next(missed, Requirement.LANGUAGE).value


def _commonest(everybody: tuple[Fit, ...]) -> str:
    """What forbids most people; in the order of `Reason` where several forbid as many."""
    counts = {reason: sum(reason in fitting.forbidden for fitting in everybody) for reason in Reason}
    return shown(max(counts, key=lambda reason: counts[reason])) if everybody else NO_SPECIALISTS


def _excluded(group: Group, case: Waiting, level: int, chosen: Candidate | None) -> dict[str, tuple[Reason, ...]]:
    """Everybody who is no candidate, with every reason."""
    held = frozenset(group.ladder[level:])
    found = {}
    for fitting in group.fitting.everybody:
        specialist = fitting.specialist.id
        if (chosen is None or chosen.fitting is not fitting) and not group.may_take(case, fitting):
            standing = group.floor.standings[specialist]
            hindering = hindrances(fitting, standing, group.units, group.floor.now)
            unrelaxed = tuple(Reason(miss) for miss in sorted(fitting.misses & held))
            found[specialist] = fitting.forbidden + hindering + unrelaxed or _missed(fitting)
    return found


def _missed(fitting: Fit) -> tuple[Reason, ...]:
    """Somebody free whom the ladder would not reach: the person who had the case before was at hand."""
    return tuple(Reason(miss) for miss in sorted(fitting.misses))
