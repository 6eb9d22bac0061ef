"""routing.yaml: weights of the score, the relaxing ladder, offers, units, handling times, exposure caps."""

import hashlib
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from shared.config.base import ConfigModel, Delay, Id, PositiveDuration, Weight, Whole
from shared.contracts.vocabulary import Requirement, Severity


def _with_defaults(defaults: dict[Severity, Any]) -> BeforeValidator:
    """A severity left out keeps its default, so that readers may index by any severity."""
    return BeforeValidator(lambda given: {**defaults, **given} if isinstance(given, dict) else given)


WEIGHTS = {Severity.CRITICAL: 8.0, Severity.HIGH: 4.0, Severity.MEDIUM: 2.0, Severity.LOW: 1.0}
UNITS = {Severity.CRITICAL: 2, Severity.HIGH: 1, Severity.MEDIUM: 1, Severity.LOW: 1}
OFFERS = {
    Severity.CRITICAL: timedelta(seconds=60),
    Severity.HIGH: timedelta(minutes=5),
    Severity.MEDIUM: timedelta(minutes=5),
    Severity.LOW: timedelta(minutes=5),
}
NEVER_RELAX: dict[Severity, tuple[Requirement, ...]] = {Severity.CRITICAL: (Requirement.LANGUAGE,)}


class Weights(ConfigModel):
    """Weights of semantics section 1; `severity` is w, the rest the lambdas."""

    severity: Annotated[dict[Severity, Annotated[Weight, Field(gt=0)]], _with_defaults(dict(WEIGHTS))] = WEIGHTS
    language: Weight = 0.25
    policy_area: Weight = 0.10
    region: Weight = 0.05
    scarce: Weight = 0.05
    exposure: Weight = 0.05
    idle: Weight = 0.02
    continuity: Weight = 0.05


class MismatchFactor(ConfigModel):
    """How much longer work takes where language or policy area do not match."""

    language: Annotated[Weight, Field(ge=1)] = 1.6
    policy_area: Annotated[Weight, Field(ge=1)] = 1.25


class Handling(ConfigModel):
    """Expected handling time, by policy area where it differs from the default."""

    default: PositiveDuration = timedelta(minutes=22)
    policy_areas: dict[Id, PositiveDuration] = Field(default_factory=dict)
    factor: MismatchFactor = MismatchFactor()


class ExposureCaps(ConfigModel):
    """Policy, not law: from `tier` on at most `cap_minutes` a shift, and the rules of tier 3."""

    cap_minutes: Weight = 150.0
    tier: Annotated[Whole, Field(ge=1, le=3)] = 2
    consecutive_tier3: Annotated[Whole, Field(ge=1)] = 2
    spacing: Delay = timedelta(minutes=10)


class Routing(ConfigModel):
    """Every key has the default of the shipped file; every map by severity holds all four."""

    weights: Weights = Weights()
    relax: tuple[Requirement, ...] = (Requirement.REGION, Requirement.POLICY_AREA, Requirement.LANGUAGE)
    never_relax: dict[Severity, tuple[Requirement, ...]] = NEVER_RELAX
    min_proficiency: Annotated[Whole, Field(ge=1, le=5)] = 2
    offer_timeout: Annotated[dict[Severity, PositiveDuration], _with_defaults(dict(OFFERS))] = OFFERS
    units: Annotated[dict[Severity, Annotated[Whole, Field(ge=1, le=1000)]], _with_defaults(dict(UNITS))] = UNITS
    handling: Handling = Handling()
    exposure: ExposureCaps = ExposureCaps()

    @property
    def weights_version(self) -> str:
        """Short hash of the weights; every decision records it."""
        return hashlib.sha256(self.weights.model_dump_json().encode()).hexdigest()[:12]
