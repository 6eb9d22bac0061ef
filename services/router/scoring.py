"""The score of a pair of case and specialist, as semantics section 1 writes it. Pure.

Every summand is a whole number of billionths, so that sums are exact, ties are ties, and a replay is
identical. What depends on the case (`CaseTerms`) is kept apart from what depends on the person
(`PersonTerms`): the matcher adds the best of both without trying every pair.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from services.router.deadline import slack
from services.router.language import parse
from services.router.need import Need, Waiting
from services.router.rules import Rules
from services.router.specialist import Specialist
from shared.contracts.vocabulary import Requirement

NANO = 1_000_000_000
OVERDUE_URGENCY = 0.35
"""Of a case whose deadline cannot be met any more: it must not starve those that can still be saved."""

PER_HOUR_WAITED = 0.02
HIGHEST_PRICE = 4.0
VARIETY = 0.1
"""Share of the language weight that the farthest script and region cost: a preference, not a mismatch."""

_HOUR = timedelta(hours=1)
_HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Parts:
    """The summands of a score, in billionths."""

    urgency: int = 0
    language: int = 0
    policy_area: int = 0
    region: int = 0
    scarce: int = 0
    exposure: int = 0
    idle: int = 0
    continuity: int = 0

    @property
    def total(self) -> int:
        """The score in billionths."""
        return (
            self.urgency + self.language + self.policy_area + self.region
            + self.scarce + self.exposure + self.idle + self.continuity
        )  # fmt: skip

    def __add__(self, other: "Parts") -> "Parts":
        return Parts(
            self.urgency + other.urgency,
            self.language + other.language,
            self.policy_area + other.policy_area,
            self.region + other.region,
            self.scarce + other.scarce,
            self.exposure + other.exposure,
            self.idle + other.idle,
            self.continuity + other.continuity,
        )


def urgency(room: timedelta | None, mean: timedelta) -> float:
    """U: 1 when the case must be begun now, falling towards 0 with more room, 0.35 when it is too late."""
    if room is None:
        return 0.0
    return OVERDUE_URGENCY if room < timedelta(0) else math.exp(-(room / (2 * mean)))


@dataclass(frozen=True, slots=True)
class CaseTerms:
    """What pairs of one need and one set of mismatches have in common, as far as the case goes."""

    weight: float
    handling: timedelta
    mean: timedelta
    missed: Parts

    @classmethod
    def of(cls, need: Need, misses: frozenset[Requirement], rules: Rules) -> Self:
        """The weight of the severity, the handling to be expected, and what the mismatches cost."""
        weights = rules.routing.weights
        weight = weights.severity[need.severity]
        missed = Parts(
            language=-_nano(weight * weights.language) if Requirement.LANGUAGE in misses else 0,
            policy_area=-_nano(weight * weights.policy_area) if Requirement.POLICY_AREA in misses else 0,
            region=-_nano(weight * weights.region) if Requirement.REGION in misses else 0,
        )
        return cls(weight, rules.handling(need.policy_area, misses), rules.mean_handling, missed)

    def total(self, case: Waiting, now: datetime) -> int:
        """What the pair earns by the case alone."""
        return self._urgency(case, now) + self.missed.total

    def parts(self, case: Waiting, now: datetime) -> Parts:
        """The same, summand by summand."""
        return replace(self.missed, urgency=self._urgency(case, now))

    def _urgency(self, case: Waiting, now: datetime) -> int:
        waited = max(timedelta(0), now - case.since) / _HOUR
        pressing = urgency(slack(case.due, now, self.handling), self.mean) + PER_HOUR_WAITED * waited
        return _nano(self.weight * pressing * (self.mean / self.handling))


@dataclass(frozen=True, slots=True)
class PersonTerms:
    """What pairs with one person have in common for all cases of a need."""

    distance: float
    price: float
    idle: timedelta
    known: bool

    def parts(self, need: Need, rules: Rules) -> Parts:
        """What the pair earns by the person: nearness of language, spare languages, idle time, continuity."""
        weights = rules.routing.weights
        return Parts(
            language=-_nano(weights.severity[need.severity] * weights.language * VARIETY * self.distance),
            scarce=-_nano(weights.scarce * self.price),
            idle=_nano(weights.idle * (self.idle / _HALF_HOUR)),
            continuity=_nano(weights.continuity) if self.known else 0,
        )


def language_prices(on_shift: Iterable[Specialist], min_proficiency: int) -> Mapping[str, float]:
    """The price of each base language: one divided by the number of people on shift who speak it."""
    speakers = Counter(base for specialist in on_shift for base in bases(specialist, min_proficiency))
    return {base: 1 / count for base, count in speakers.items()}


def spare_price(language: str, specialist: Specialist, prices: Mapping[str, float], min_proficiency: int) -> float:
    """The price of the languages that a case in `language` would leave unused, at most 4."""
    needed = parse(language)
    if needed.unknown:
        return 0.0
    spare = bases(specialist, min_proficiency) - {needed.base}
    return min(HIGHEST_PRICE, sum(prices.get(base, 1.0) for base in sorted(spare)))


def bases(specialist: Specialist, min_proficiency: int) -> frozenset[str]:
    """The base languages that count for somebody."""
    return frozenset(spoken.tag.base for spoken in specialist.languages if spoken.level >= min_proficiency)


def _nano(value: float) -> int:
    return round(value * NANO)
