"""What routing decides by: roster, pools, weights and certifications of one configuration. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from services.router.shifts import Shifts
from services.router.specialist import Specialist
from shared.config.models import Configuration
from shared.config.routing import Routing
from shared.contracts.vocabulary import UNKNOWN_POLICY_AREA, Requirement, Severity


@dataclass(frozen=True)
class Rules:
    """One state of the configuration, as routing reads it."""

    specialists: tuple[Specialist, ...]
    pools: Mapping[str, frozenset[str]]
    certifications: Mapping[str, str | None]
    severities: Mapping[str, Severity]
    routing: Routing
    resolve_targets: Mapping[Severity, timedelta | None]
    version: str
    by_id: Mapping[str, Specialist] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {specialist.id: specialist for specialist in self.specialists})

    @classmethod
    def of(cls, configuration: Configuration) -> Self:
        """The rules that a configuration lays down; specialists in the order of their ids."""
        chosen = sorted(configuration.roster.specialists, key=lambda specialist: specialist.id)
        return cls(
            specialists=tuple(Specialist.of(specialist) for specialist in chosen),
            pools={name: frozenset(pool.specialists) for name, pool in configuration.roster.pools.items()},
            certifications={area: spec.certification for area, spec in configuration.taxonomy.policy_areas.items()},
            severities={area: spec.severity for area, spec in configuration.taxonomy.policy_areas.items()},
            routing=configuration.routing,
            resolve_targets={severity: configuration.sla.resolve_target(severity) for severity in Severity},
            version=configuration.version,
        )

    def specialist(self, specialist_id: str) -> Specialist | None:
        """The one with this id, or None when the roster has nobody of that name."""
        return self.by_id.get(specialist_id)

    def shifts_of(self, specialist_id: str) -> Shifts | None:
        """When that specialist works; None when the roster has nobody of that name."""
        specialist = self.by_id.get(specialist_id)
        return specialist.shifts if specialist else None

    def knows(self, policy_area: str) -> bool:
        """Whether the taxonomy has it, or it says that nobody knows."""
        return policy_area == UNKNOWN_POLICY_AREA or policy_area in self.certifications

    def certification(self, policy_area: str) -> str | None:
        """What somebody must hold to take a case of this policy area."""
        return self.certifications.get(policy_area)

    def severity(self, policy_area: str) -> Severity:
        """How bad a case of this policy area is unless its source says so."""
        return self.severities.get(policy_area, Severity.MEDIUM)

    def ladder(self, severity: Severity) -> tuple[Requirement, ...]:
        """The requirements that may be relaxed for this severity, first goes first.

        A critical case never goes to somebody who does not understand it, whatever the file says.
        """
        never = set(self.routing.never_relax.get(severity, ()))
        if severity is Severity.CRITICAL:
            never.add(Requirement.LANGUAGE)
        return tuple(requirement for requirement in self.routing.relax if requirement not in never)

    def handling(self, policy_area: str, misses: frozenset[Requirement] = frozenset()) -> timedelta:
        """Expected handling time: the policy area's, times the factors of what does not match."""
        configured = self.routing.handling
        expected = configured.policy_areas.get(policy_area, configured.default)
        if Requirement.LANGUAGE in misses:
            expected *= configured.factor.language
        if Requirement.POLICY_AREA in misses:
            expected *= configured.factor.policy_area
        return expected

    @property
    def mean_handling(self) -> timedelta:
        """The yardstick of urgency."""
        return self.routing.handling.default
