"""Whom the targets of a step are at this instant, and over which channels each is reached. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.notifier.oncall.overrides import Override
from services.notifier.oncall.plans import plan_of
from services.notifier.oncall.resolver import OnCall, Plan, on_call_now
from shared.config.oncall import EscalationPolicy, NotifyTarget, OnCallConfig, PagingRule
from shared.contracts.vocabulary import Urgency

CHANNEL_PREFIX = "channel:"
"""Before the id of a channel where it stands in the place of a responder."""


@dataclass(frozen=True)
class Target:
    """A responder, or (then `responder` is None) a channel by itself; `schedule` and `source` say why."""

    responder: str | None = None
    channel: str | None = None
    schedule: str | None = None
    source: str | None = None

    @property
    def name(self) -> str:
        """Under which a page lists it."""
        return self.responder or f"{CHANNEL_PREFIX}{self.channel}"


@dataclass(frozen=True)
class Contact:
    """Notify on `channel`, `after` so long."""

    channel: str
    after: timedelta


@dataclass(frozen=True)
class Rulebook:
    """Everything that is in force at one instant: configuration, overrides, versions."""

    oncall: OnCallConfig
    config_version: str
    tzdata_version: str
    plans: Mapping[str, Plan] = field(default_factory=dict)

    @classmethod
    def at(cls, oncall: OnCallConfig, overrides: Mapping[str, list[Override]], **versions: str) -> "Rulebook":
        """The rulebook of a configuration with each schedule's overrides."""
        plans = {schedule.id: plan_of(schedule, overrides.get(schedule.id, ())) for schedule in oncall.schedules}
        return cls(oncall, plans=plans, **versions)

    @property
    def paging(self) -> tuple[PagingRule, ...]:
        return self.oncall.paging

    def policy(self, name: str) -> EscalationPolicy | None:
        """The policy of that id; None when the configuration has lost it."""
        return next((policy for policy in self.oncall.policies if policy.id == name), None)

    def on_call(self, schedule: str, now: datetime) -> OnCall:
        """Who is on call; nobody in a schedule that the configuration has lost."""
        plan = self.plans.get(schedule)
        return OnCall(None, None) if plan is None else on_call_now(plan, now)

    def contacts(self, target: Target, urgency: Urgency) -> list[Contact]:
        """How a target is reached: a responder by the rules of that urgency, or of the other if there are none."""
        if target.channel is not None:
            return [Contact(target.channel, timedelta(0))]
        responder = next((person for person in self.oncall.responders if person.id == target.responder), None)
        if responder is None:
            return []
        other = Urgency.LOW if urgency is Urgency.HIGH else Urgency.HIGH
        rules = responder.rules.of(urgency) or responder.rules.of(other)
        return [Contact(rule.channel, rule.after) for rule in rules]

    def targets(self, notify: Iterable[NotifyTarget], urgency: Urgency, now: datetime) -> list[Target]:
        """Whom these reach now, each once; who has no channel is not reached."""
        found: dict[str, Target] = {}
        for target in notify:
            resolved = self._resolve(target, now)
            if resolved is not None and self.contacts(resolved, urgency):
                found.setdefault(resolved.name, resolved)
        return list(found.values())

    def _resolve(self, notify: NotifyTarget, now: datetime) -> Target | None:
        if notify.schedule is None:
            return Target(responder=notify.responder, channel=notify.channel)
        found = self.on_call(notify.schedule, now)
        if found.responder is None:
            return None
        return Target(responder=found.responder, schedule=notify.schedule, source=found.source)


def schedules_of(notify: Iterable[NotifyTarget]) -> list[str]:
    """The schedules among the targets."""
    return [target.schedule for target in notify if target.schedule is not None]
