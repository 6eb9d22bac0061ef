"""oncall.yaml: responders and how each is reached, schedules, escalation policies, what pages whom."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.config.base import ConfigModel, Delay, Id, PositiveDuration, Text, TimeZone, Whole, refuse
from shared.config.schedules import Schedule
from shared.contracts.vocabulary import ClockKind, Severity, Urgency

NOTHING_NAMED = "it names nobody; name exactly one of schedule, responder or channel"


class NotifyRule(ConfigModel):
    """Notify on `channel`, `after` so long into the step."""

    channel: Id
    after: Delay


class NotifyRules(ConfigModel):
    """How a responder is reached, by urgency."""

    high: tuple[NotifyRule, ...] = ()
    low: tuple[NotifyRule, ...] = ()

    def of(self, urgency: Urgency) -> tuple[NotifyRule, ...]:
        """The rules of one urgency."""
        return self.high if urgency is Urgency.HIGH else self.low


class Responder(ConfigModel):
    """Somebody who can be on call."""

    id: Id
    name: Text
    time_zone: TimeZone
    slack: Text | None = None
    phone: Text | None = None
    email: Text | None = None
    rules: NotifyRules = NotifyRules()


class NotifyTarget(ConfigModel):
    """Exactly one: whoever is on call in a schedule, one responder, or a channel itself."""

    schedule: Id | None = None
    responder: Id | None = None
    channel: Id | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(name is not None for name in (self.schedule, self.responder, self.channel)) != 1:
            refuse([((), NOTHING_NAMED)])
        return self


class Step(ConfigModel):
    """All targets at once; the next step when nobody acknowledged in `ack_timeout`."""

    notify: tuple[NotifyTarget, ...]
    ack_timeout: PositiveDuration

    @model_validator(mode="after")
    def _notifies(self) -> Self:
        if not self.notify:
            refuse([(("notify",), "the step is empty; name a schedule, a responder or a channel, or take it out")])
        return self


class EscalationPolicy(ConfigModel):
    """Steps in order; after the last all again, `repeat` times; then the fallback."""

    id: Id
    steps: tuple[Step, ...]
    repeat: Annotated[Whole, Field(ge=0, le=100)] = 0
    fallback: tuple[NotifyTarget, ...] = ()

    @model_validator(mode="after")
    def _has_steps(self) -> Self:
        if not self.steps:
            refuse([(("steps",), "the policy has no steps; give it at least one")])
        return self


class PagingRule(ConfigModel):
    """First match wins. What is left out matches everything; `percent` is for warnings."""

    on: Literal["breach", "warning", "unroutable", "declined", "coverage", "platform"]
    severities: tuple[Severity, ...] | None = None
    kinds: tuple[ClockKind, ...] | None = None
    percent: Annotated[Whole, Field(ge=1, le=99)] | None = None
    policy: Id
    urgency: Urgency

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.percent is not None and self.on != "warning":
            refuse([(("percent",), "only a warning has a percent; take it out, or write `on: warning`")])
        if self.kinds is not None and self.on not in ("breach", "warning"):
            refuse([(("kinds",), f"{self.on} has no clock and so no kind; take `kinds` out")])
        return self


class OnCallConfig(ConfigModel):
    """Everything that notifier decides by."""

    responders: tuple[Responder, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    policies: tuple[EscalationPolicy, ...] = ()
    paging: tuple[PagingRule, ...] = ()
