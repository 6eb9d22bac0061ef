"""Who fits which need, remembered while the rules stay the same: most waiting cases share a few needs. Pure."""

from dataclasses import dataclass, field, replace

from services.router.eligibility import Fit, fit, refusal
from services.router.need import Need
from services.router.rules import Rules

REMEMBERED = 200_000
"""Fits kept at most; a few dozen megabytes."""

UNKNOWN_POLICY_AREA = "unknown_policy_area"
UNKNOWN_SPECIALIST = "unknown_specialist"
UNKNOWN_POOL = "unknown_pool"


@dataclass(frozen=True, slots=True)
class Fitting:
    """Everybody's fit for one need, and of these who is not forbidden for good, by id."""

    everybody: tuple[Fit, ...]
    allowed: dict[str, Fit]


@dataclass
class Fits:
    """The fits for needs met so far under one set of rules."""

    rules: Rules
    _known: dict[Need, Fitting] = field(default_factory=dict, init=False, repr=False)

    def of(self, need: Need) -> Fitting:
        """How everybody fits `need`."""
        known = self._known.get(need)
        if known is None:
            if len(self._known) * max(1, len(self.rules.specialists)) > REMEMBERED:
                self._known.clear()
            everybody = tuple(fit(need, specialist, self.rules) for specialist in self.rules.specialists)
            known = Fitting(everybody, {one.specialist.id: one for one in everybody if not one.forbidden})
            self._known[need] = known
        return known


def unknown_part(need: Need, rules: Rules) -> str | None:
    """What of the need this configuration does not know; such a case waits, because nobody can be judged."""
    if not rules.knows(need.policy_area):
        return UNKNOWN_POLICY_AREA
    if need.specialist is not None and rules.specialist(need.specialist) is None:
        return UNKNOWN_SPECIALIST
    if need.pool is not None and need.pool not in rules.pools:
        return UNKNOWN_POOL
    return None


def addressed(need: Need, rules: Rules) -> Need:
    """The need to be decided: a transfer to somebody who must not have the case is as if it named nobody."""
    named = rules.specialist(need.specialist) if need.specialist is not None else None
    if named is None or (refusal(need, named, rules) is None and not _opted_out(need, named.opt_outs)):
        return need
    return replace(need, specialist=None)


def _opted_out(need: Need, opt_outs: frozenset[str]) -> bool:
    return need.policy_area in opt_outs and not need.override_exposure
