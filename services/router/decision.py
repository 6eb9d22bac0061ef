"""A routing decision with all that explains it: candidates, what was relaxed, who was excluded and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.router.eligibility import PRIVATE, UNAVAILABLE, Reason
from services.router.group import SHOWN, Candidate, Group, Pair
from services.router.need import Waiting
from services.router.relaxing import Relaxation, relaxations
from shared.contracts.vocabulary import Requirement, RoutingOutcome

NO_SPECIALISTS = "no_specialists"
BY_NAME = "a transfer names this person"
HAD_IT = "this person had the case before it was reopened"


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
        return self.chosen.specialist if self.chosen else None


def assigned(pair: Pair) -> Decision:
    """The decision that makes `pair`; to be taken before the pair is booked."""
    group, case, misses = pair.group, pair.case, pair.misses
    level = group.fitting.rungs[misses]
    names = group.candidates(case)
    if pair.specialist not in names[:SHOWN]:
        names = [pair.specialist, *names]
    candidates = tuple(group.candidate(case, name) for name in names[:SHOWN])
    return Decision(
        case=case,
        outcome=RoutingOutcome.ASSIGNED,
        chosen=next(candidate for candidate in candidates if candidate.specialist == pair.specialist),
        units=group.units,
        handling=group.fitting.handling[misses],
        relaxed=_relaxed(pair, level),
        waiting_reason=None,
        candidates=candidates,
        excluded_by=_excluded(group, case, level, pair.specialist),
        weights_version=group.floor.weights_version,
        config_version=group.floor.rules.version,
        named=group.need.specialist is not None,
    )


def _relaxed(pair: Pair, level: int) -> tuple[Relaxation, ...]:
    """What the pair gives up, in the order of the ladder, with why."""
    group, need = pair.group, pair.group.need
    if need.specialist is not None or need.prefers == pair.specialist:
        why = BY_NAME if need.specialist is not None else HAD_IT
        return tuple(Relaxation(miss, why) for miss in sorted(pair.misses))
    return relaxations(group.outlook(), level, group.slack(pair.case), pair.misses) if level else ()


def left_waiting(group: Group, case: Waiting) -> Decision:
    """The decision that leaves `case` waiting, with why nobody may take it now."""
    outcome, reason = waiting_outcome(group, case)
    return Decision(
        case=case,
        outcome=outcome,
        chosen=None,
        units=0,
        handling=timedelta(0),
        relaxed=(),
        waiting_reason=reason,
        candidates=(),
        excluded_by=_excluded(group, case, group.outlook().level(group.slack(case)), None),
        weights_version=group.floor.weights_version,
        config_version=group.floor.rules.version,
    )


def waiting_outcome(group: Group, case: Waiting) -> tuple[RoutingOutcome, str]:
    """Waiting, or unroutable when nobody who passes the hard filters is on shift before the deadline; and why."""
    if group.unknown:
        return RoutingOutcome.WAITING, group.unknown
    if not group.fitting.allowed:
        commonest = group.fitting.commonest
        return RoutingOutcome.UNROUTABLE, shown(commonest) if commonest else NO_SPECIALISTS
    view = group.outlook()
    rung = view.rungs[view.level(group.slack(case))]
    reason = shown(rung.reason) if rung.reason else _unmatched(group)
    return _reachable(group, case), reason


def shown(reason: Reason) -> str:
    """The reason as anybody may read it."""
    return UNAVAILABLE if reason in PRIVATE else reason.value


def _reachable(group: Group, case: Waiting) -> RoutingOutcome:
    on_shift, now = group.outlook().on_shift, group.floor.now
    if on_shift is None or (on_shift > now and case.due is not None and on_shift >= case.due):
        return RoutingOutcome.UNROUTABLE
    return RoutingOutcome.WAITING


def _unmatched(group: Group) -> str:
    """The first requirement of the ladder that everybody misses."""
    missed = (one for one in group.ladder if all(one in misses for misses in group.fitting.people))
    return next(missed, Requirement.LANGUAGE).value


def _excluded(group: Group, case: Waiting, level: int, chosen: str | None) -> dict[str, tuple[Reason, ...]]:
    """Everybody who is no candidate, with every reason."""
    fitting, open_to = group.fitting, group.open_to(case)
    held = frozenset(group.ladder[level:])
    unrelaxed = {misses: _missed(misses & held) for misses in fitting.rungs}
    found = {}
    for name in group.floor.rules.by_id:
        misses = fitting.misses(name)
        if name != chosen and not (misses in open_to and group.is_free(name)):
            hindering = group.floor.hindrances(name, group.units, fitting.handling[misses])
            why = fitting.forbidden.get(name, ()) + hindering + unrelaxed[misses]
            found[name] = why or _missed(misses)
    return found


def _missed(misses: frozenset[Requirement]) -> tuple[Reason, ...]:
    return tuple(Reason(miss) for miss in sorted(misses))
