"""taxonomy.yaml: policy areas, actions, and how long things are kept."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.config.base import ConfigModel, Flag, Id, PositiveDuration, Text, Whole, refuse
from shared.contracts.vocabulary import UNKNOWN_POLICY_AREA, ActionScope, Severity

ANY = "any"
RESERVED_AREAS = frozenset({UNKNOWN_POLICY_AREA, ANY})


class PolicyArea(ConfigModel):
    """`severity` and `graphic` (0 none … 3 extreme) hold where an escalation says none."""

    name: Text
    group: Id
    severity: Severity
    graphic: Annotated[Whole, Field(ge=0, le=3)] = 0
    dsa_category: Text | None = None
    certification: Id | None = None


class Action(ConfigModel):
    """A remedy; `two_person` needs a second principal who confirms. `preserve` puts the case under a legal hold."""

    name: Text
    scopes: tuple[ActionScope, ...] = (ActionScope.GLOBAL,)
    two_person: Flag = False
    preserve: PositiveDuration | None = None

    @model_validator(mode="after")
    def _has_scopes(self) -> Self:
        if not self.scopes:
            refuse([(("scopes",), "no scope is named; name global, geo or both")])
        return self


class Retention(ConfigModel):
    """How long each kind of record is kept."""

    cases: PositiveDuration = timedelta(days=400)
    report_text: PositiveDuration = timedelta(days=180)
    exposure: PositiveDuration = timedelta(days=90)
    audit: PositiveDuration = timedelta(days=1095)
    dead_letters: PositiveDuration = timedelta(days=30)


class Taxonomy(ConfigModel):
    """`version` is the organisation's own count of its taxonomy."""

    version: Whole = 1
    policy_areas: dict[Id, PolicyArea]
    actions: dict[Id, Action]
    retention: Retention = Retention()

    @model_validator(mode="after")
    def _reserved(self) -> Self:
        refuse(
            (("policy_areas", area), f"{area!r} is kept for Tocsin itself; give the policy area another id")
            for area in self.policy_areas
            if area in RESERVED_AREAS
        )
        return self
