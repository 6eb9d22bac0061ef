"""sla.yaml: calendars, internal targets by severity, legal clocks, warnings. None of it is legal advice."""

import re
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from shared.config.base import ConfigModel, Date, Flag, Id, PositiveDuration, Text, Whole, refuse
from shared.config.calendars import CalendarSpec
from shared.config.regions import Jurisdiction, RegionOrGroup
from shared.contracts.vocabulary import ClockKind, ReporterType, Severity

_REPORTER = "reporter:"
_TRIGGERS = ("legal_order", "report", *(f"{_REPORTER}{kind}" for kind in ReporterType))
_TRIGGER = re.compile("|".join(re.escape(trigger) for trigger in _TRIGGERS))


def _trigger(value: str) -> str:
    if not _TRIGGER.fullmatch(value):
        raise ValueError(f"{value!r} starts no clock; write one of {', '.join(_TRIGGERS)}")
    return value


def _as_target(given: Any) -> Any:
    return given if isinstance(given, dict | Target) else {"target": given}


def rising_percents(percents: tuple[int, ...]) -> tuple[int, ...]:
    """Refuse percents that do not rise within 1-99."""
    if any(not 1 <= percent <= 99 for percent in percents):
        raise ValueError("a percent here lies within 1 and 99")
    if any(later <= earlier for earlier, later in pairwise(percents)):
        raise ValueError("the percents must rise, such as [50, 75, 90]")
    return percents


Percents = Annotated[tuple[Whole, ...], Field(max_length=99), AfterValidator(rising_percents)]
Trigger = Annotated[str, AfterValidator(_trigger)]


class Target(ConfigModel):
    """How long, in open time of `calendar` (none: around the clock)."""

    target: PositiveDuration
    calendar: Id | None = None


TargetBySeverity = dict[Severity, Annotated[Target, BeforeValidator(_as_target)]]


class Internal(ConfigModel):
    """The organisation's own clocks; a severity left out has no such clock."""

    acknowledge: TargetBySeverity = Field(default_factory=dict)
    first_action: TargetBySeverity = Field(default_factory=dict)
    update: TargetBySeverity = Field(default_factory=dict)
    resolve: TargetBySeverity = Field(default_factory=dict)


class StopActions(ConfigModel):
    """The clock stops when one of these actions is done."""

    actions: tuple[Id, ...]

    @model_validator(mode="after")
    def _has_actions(self) -> Self:
        if not self.actions:
            refuse([(("actions",), "no action is named; name at least one, or write `stop: resolve`")])
        return self


def _stop(given: Any) -> Any:
    if isinstance(given, str) and given != "resolve":
        raise ValueError(f"{given!r} stops no clock; write resolve or {{actions: [...]}}")
    return given


class LegalClock(ConfigModel):
    """A clock that a law or an order asks for.

    `kind: internal` marks the target that the organisation sets itself where the law gives no hours.
    No regions or policy areas: all. `order_specified`: only an order's own due_at counts.
    """

    id: Id
    jurisdiction: Jurisdiction
    basis: Text
    trigger: Trigger
    kind: ClockKind = ClockKind.REGULATORY
    regions: tuple[RegionOrGroup, ...] = ()
    policy_areas: tuple[Id, ...] = ()
    target: PositiveDuration | None = None
    calendar: Id | None = None
    order_specified: Flag = False
    stop: Annotated[Literal["resolve"] | StopActions, BeforeValidator(_stop)] = "resolve"
    suspended_by: tuple[Text, ...] = ()
    effective_from: Date | None = None
    effective_to: Date | None = None
    certainty: Literal["high", "medium", "low"]
    source: Text
    verified_on: Date
    note: Text | None = None
    enabled: Flag = True

    @property
    def reporter_type(self) -> ReporterType | None:
        """The reporter whose report starts it, where the trigger names one."""
        return ReporterType(self.trigger.removeprefix(_REPORTER)) if self.trigger.startswith(_REPORTER) else None

    def in_force(self, day: date) -> bool:
        """Enabled, and `day` within effective_from and effective_to (both included)."""
        started = self.effective_from is None or self.effective_from <= day
        return self.enabled and started and (self.effective_to is None or day <= self.effective_to)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        refuse(_misfits(self))
        return self


def _misfits(clock: LegalClock) -> list[tuple[tuple[str], str]]:
    found = []
    if clock.target is None and not clock.order_specified:
        found.append((("target",), "there is no target; give one, or write `order_specified: true`"))
    if clock.target is not None and clock.order_specified:
        found.append((("target",), "a target and order_specified exclude each other; keep one of the two"))
    if clock.order_specified and clock.trigger != "legal_order":
        found.append((("trigger",), "order_specified needs `trigger: legal_order`: only an order brings its own time"))
    if clock.effective_from and clock.effective_to and clock.effective_to < clock.effective_from:
        found.append((("effective_to",), f"it ends before it begins; give a date from {clock.effective_from} on"))
    return found


class Warn(ConfigModel):
    """Percents of the target at which a running clock warns."""

    percents: Percents = (50, 75, 90)


class SlaConfig(ConfigModel):
    """Everything that sla_monitor counts by."""

    calendars: dict[Id, CalendarSpec] = Field(default_factory=dict)
    internal: Internal
    regulatory: tuple[LegalClock, ...] = ()
    warn: Warn = Warn()

    def resolve_target(self, severity: Severity) -> timedelta | None:
        """The resolve target of a severity without its calendar: the router's stand-in for an unknown clock."""
        target = self.internal.resolve.get(severity)
        return target.target if target else None
