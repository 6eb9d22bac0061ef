"""Which clocks there are: the rules of one configuration version, made ready to be asked. Pure.

A clock's name is its id in sla.yaml: `acknowledge`, `first_action`, `update`, `resolve`, or the id of a legal
clock. Regulatory clocks count around the clock unless their entry names a calendar.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.sla_monitor.calendar import ALWAYS, Calendar, open_hours
from services.sla_monitor.facts import Profile
from shared.config.calendars import CalendarSpec
from shared.config.holidays import Holidays
from shared.config.regions import covers
from shared.config.sla import LegalClock, SlaConfig, StopActions
from shared.contracts.vocabulary import ReporterType, Severity

ACKNOWLEDGE, FIRST_ACTION, UPDATE, RESOLVE = "acknowledge", "first_action", "update", "resolve"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a clock may run, in open time of which calendar (None: around the clock)."""

    target: timedelta
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """What calendars rest on beside their definition: the version of the time zone database, and the holidays of each
    region with the library that they came from. Holidays that are not kept here are asked of the library."""

    zone_data: str | None = None
    library: str | None = None
    holidays: Mapping[str, Holidays] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of sla.yaml: targets by name and severity, legal clocks by what starts them."""

    version: str
    internal: Mapping[str, Mapping[Severity, Terms]]
    by_report: tuple[LegalClock, ...]
    by_reporter: Mapping[ReporterType, tuple[LegalClock, ...]]
    by_id: Mapping[str, LegalClock]
    calendars: Mapping[str, Calendar]
    percents: tuple[int, ...]
    specs: Mapping[str, CalendarSpec]
    sources: Sources

    def calendar(self, name: str | None) -> Calendar:
        """The calendar of that name; None is always open."""
        return ALWAYS if name is None else self.calendars[name]


def rules_of(version: str, config: SlaConfig, sources: Sources = Sources()) -> Rules:
    """Prepare a configuration version; disabled legal clocks are left out."""
    legal = [definition for definition in config.regulatory if definition.enabled]
    reporters = {definition.reporter_type for definition in legal} - {None}
    return Rules(
        version=version,
        internal={
            name: {severity: Terms(given.target, given.calendar) for severity, given in targets.items()}
            for name, targets in (
                (ACKNOWLEDGE, config.internal.acknowledge),
                (FIRST_ACTION, config.internal.first_action),
                (UPDATE, config.internal.update),
                (RESOLVE, config.internal.resolve),
            )
        },
        by_report=tuple(definition for definition in legal if definition.trigger == "report"),
        by_reporter={
            kind: tuple(definition for definition in legal if definition.reporter_type == kind)
            for kind in reporters
            if kind is not None
        },
        by_id={definition.id: definition for definition in legal},
        calendars={
            name: open_hours(spec, sources.holidays.get(spec.holidays or "")) for name, spec in config.calendars.items()
        },
        percents=config.warn.percents,
        specs=config.calendars,
        sources=sources,
    )


def terms_under(definition: LegalClock, profile: Profile, start: datetime) -> Terms | None:
    """The terms of a legal clock that started at `start`, or None where it does not fit the case.

    A case whose region is unknown may fall under any law: better a deadline too many than one missed.
    """
    fits = (
        definition.target is not None
        and definition.in_force(start.date())
        and (not definition.regions or covers(definition.regions, profile.region))
        and (not definition.policy_areas or profile.policy_area in definition.policy_areas)
    )
    return Terms(definition.target, definition.calendar) if fits and definition.target is not None else None


def stop_actions(definition: LegalClock) -> frozenset[str]:
    """The remedies that stop it; none where only resolving does."""
    return frozenset(definition.stop.actions) if isinstance(definition.stop, StopActions) else frozenset()
