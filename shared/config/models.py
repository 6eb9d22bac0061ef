"""The whole configuration: one model a file, and `Configuration` that holds all seven."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.config.access import Access, PrincipalSpec
from shared.config.calendars import CalendarSpec, SpecialHours, Weekday, WeeklyWindow
from shared.config.channels import Channel, Channels
from shared.config.oncall import EscalationPolicy, NotifyTarget, OnCallConfig, PagingRule, Responder, Step
from shared.config.roster import ALWAYS, Pool, Roster, Specialist
from shared.config.routing import Routing
from shared.config.schedules import Layer, Rotation, RotationUnit, Schedule, TurnCount
from shared.config.sla import LegalClock, SlaConfig, StopActions, Target
from shared.config.taxonomy import ANY, Action, PolicyArea, Taxonomy

__all__ = [
    "ALWAYS",
    "ANY",
    "Access",
    "Action",
    "CalendarSpec",
    "Channel",
    "Channels",
    "Configuration",
    "EscalationPolicy",
    "Layer",
    "LegalClock",
    "NotifyTarget",
    "OnCallConfig",
    "PagingRule",
    "PolicyArea",
    "Pool",
    "PrincipalSpec",
    "Responder",
    "Roster",
    "Rotation",
    "RotationUnit",
    "Routing",
    "Schedule",
    "SlaConfig",
    "SpecialHours",
    "Specialist",
    "Step",
    "StopActions",
    "Target",
    "Taxonomy",
    "TurnCount",
    "Weekday",
    "WeeklyWindow",
]


@dataclass(frozen=True, slots=True)
class Configuration:
    """One valid state of the whole directory; `version` is a short hash of its contents, `files` that of each file."""

    taxonomy: Taxonomy
    access: Access
    roster: Roster
    routing: Routing
    sla: SlaConfig
    oncall: OnCallConfig
    channels: Channels
    version: str
    files: Mapping[str, str] = field(default_factory=dict)
