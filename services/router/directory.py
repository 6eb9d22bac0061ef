"""The roster looked up by what cases ask for: who speaks, covers, knows and may do what. Pure.

Each answer is found once per configuration. Cases differ in few ways, so a round combines known answers
instead of asking everybody again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from services.router.language import closest, parse
from services.router.rules import Rules
from services.router.specialist import Specialist
from shared.config.regions import covers
from shared.contracts.vocabulary import UNKNOWN_POLICY_AREA, UNKNOWN_REGION

REMEMBERED = 4096
"""Answers kept at most: languages and regions come from outside."""

Ids = frozenset[str]
Answer = TypeVar("Answer")


@dataclass
class Directory:
    """Answers about everybody on the roster of `rules`."""

    rules: Rules
    everybody: Ids = field(init=False)
    _speakers: dict[str, Mapping[str, float]] = field(default_factory=dict, init=False, repr=False)
    _groups: dict[tuple[str, str], Ids] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.everybody = frozenset(self.rules.by_id)

    def speakers(self, language: str) -> Mapping[str, float]:
        """Who understands `language`, and how far the nearest variety they speak is from it."""

        def find() -> Mapping[str, float]:
            wanted, least = parse(language), self.rules.routing.min_proficiency
            near = ((one.id, closest(wanted, one.languages, min_proficiency=least)) for one in self.rules.specialists)
            return {name: apart for name, apart in near if apart is not None}

        return _remembered(self._speakers, language, find)

    def covering(self, region: str) -> Ids:
        """Who covers `region`; an unknown one everybody does."""
        return self._those("region", region, lambda one: covers(one.regions, region))

    def versed_in(self, policy_area: str) -> Ids:
        """Whose policy areas hold this one; an unknown one everybody's do."""
        return self._those("area", policy_area, lambda one: knows_area(one, policy_area))

    def conflicted(self, region: str) -> Ids:
        """Who has declared an affiliation to `region`."""
        return self._those("conflict", region, lambda one: affiliated(one, region))

    def uncertified(self, policy_area: str) -> Ids:
        """Who lacks the certification that `policy_area` needs."""
        needed = self.rules.certification(policy_area)
        return self._those(
            "certification", policy_area, lambda one: needed is not None and needed not in one.certifications
        )

    def opted_out(self, policy_area: str) -> Ids:
        """Who does not take this policy area."""
        return self._those("opt_out", policy_area, lambda one: policy_area in one.opt_outs)

    def _those(self, kind: str, key: str, fits: Callable[[Specialist], bool]) -> Ids:
        def find() -> Ids:
            return frozenset(one.id for one in self.rules.specialists if fits(one))

        return _remembered(self._groups, (kind, key), find)


def knows_area(specialist: Specialist, policy_area: str) -> bool:
    """Whether somebody's policy areas hold this one."""
    areas = specialist.policy_areas
    return areas is None or policy_area in areas or policy_area == UNKNOWN_POLICY_AREA


def affiliated(specialist: Specialist, region: str) -> bool:
    """Whether somebody declared a conflict of interest with `region`; with an unknown one nobody can."""
    return region != UNKNOWN_REGION and covers(specialist.affiliations, region)


Key = TypeVar("Key")


def _remembered(kept: dict[Key, Answer], key: Key, find: Callable[[], Answer]) -> Answer:
    found = kept.get(key)
    if found is None:
        if len(kept) >= REMEMBERED:
            kept.clear()
        found = kept[key] = find()
    return found
