"""Who fits which need: everybody sorted by what they miss and what forbids them, once per need. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from services.router.directory import Directory
from services.router.eligibility import Reason, fit, refusal
from services.router.need import Need
from services.router.relaxing import rung_of
from services.router.rules import Rules
from shared.contracts.vocabulary import Requirement

REMEMBERED = 1000
"""Needs kept at most."""

UNKNOWN_POLICY_AREA = "unknown_policy_area"
UNKNOWN_SPECIALIST = "unknown_specialist"
UNKNOWN_POOL = "unknown_pool"

Misses = frozenset[Requirement]
Ids = frozenset[str]

_MISSES: Mapping[tuple[bool, bool, bool], Misses] = {
    (region, area, language): frozenset(
        requirement
        for requirement, matched in (
            (Requirement.REGION, region),
            (Requirement.POLICY_AREA, area),
            (Requirement.LANGUAGE, language),
        )
        if not matched
    )
    for region in (False, True)
    for area in (False, True)
    for language in (False, True)
}


class Fitting:
    """Everybody, seen from one need. `people` may take such cases at times, by what they miss."""

    def __init__(self, need: Need, directory: Directory) -> None:
        rules = directory.rules
        self.need = need
        self.ladder = rules.ladder(need.severity)
        self.distances = directory.speakers(need.language)
        self._covering = directory.covering(need.region)
        self._versed = directory.versed_in(need.policy_area)
        self._rules = rules
        self.people = dict(self._sorted(_permitted(need, directory)))
        self.allowed: Ids = frozenset().union(*self.people.values())
        self.rungs = {misses: rung_of(misses, self.ladder) for misses in _MISSES.values()}
        self.handling = {misses: rules.handling(need.policy_area, misses) for misses in _MISSES.values()}

    def misses(self, specialist: str) -> Misses:
        """What of the need somebody misses."""
        return _MISSES[specialist in self._covering, specialist in self._versed, specialist in self.distances]

    @cached_property
    def forbidden(self) -> Mapping[str, tuple[Reason, ...]]:
        """Who may never take such a case, with every reason."""
        others = (one for one in self._rules.specialists if one.id not in self.allowed)
        return {one.id: fit(self.need, one, self._rules).forbidden for one in others}

    @cached_property
    def commonest(self) -> Reason | None:
        """What forbids most people, in the order of `Reason` where several forbid as many; None without anybody."""
        counts = {reason: sum(reason in why for why in self.forbidden.values()) for reason in Reason}
        return max(counts, key=lambda reason: counts[reason]) if self.forbidden else None

    def _sorted(self, permitted: Ids) -> Iterator[tuple[Misses, Ids]]:
        """Those who are permitted by what they miss, as far as the ladder can let it go."""
        relaxable = frozenset(self.ladder)
        understood = frozenset(self.distances)
        for (region, area, language), misses in _MISSES.items():
            if misses <= relaxable or self.need.specialist is not None:
                found = permitted & self._covering if region else permitted - self._covering
                found = found & self._versed if area else found - self._versed
                found = found & understood if language else found - understood
                if found:
                    yield misses, found


@dataclass
class Fits:
    """The fittings for needs met so far under one set of rules."""

    rules: Rules
    directory: Directory = field(init=False)
    _known: dict[Need, Fitting] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.directory = Directory(self.rules)

    def of(self, need: Need) -> Fitting:
        """How everybody fits `need`."""
        known = self._known.get(need)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[need] = Fitting(need, self.directory)
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


def _permitted(need: Need, directory: Directory) -> Ids:
    """Everybody whom neither certification, conflict, opt-out nor a transfer to others forbids it for good."""
    permitted = directory.everybody if need.specialist is None else directory.everybody & {need.specialist}
    permitted -= directory.uncertified(need.policy_area)
    permitted -= directory.conflicted(need.region) | need.conflicted
    if not need.override_exposure:
        permitted -= directory.opted_out(need.policy_area)
    if need.specialist is not None:
        return permitted
    if need.pool is not None:
        permitted &= directory.rules.pools.get(need.pool, frozenset())
    return permitted - need.declined


def _opted_out(need: Need, opt_outs: Ids) -> bool:
    return need.policy_area in opt_outs and not need.override_exposure
