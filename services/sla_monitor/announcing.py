"""From a step of a clock to the event that tells it, and the shape in which a clock is shown. Pure."""

from datetime import datetime

from services.sla_monitor.clock import elapsed
from services.sla_monitor.definitions import Rules
from services.sla_monitor.settlement import Clock, Step, StepKind
from shared.contracts.clock_events import (
    ClockBreached,
    ClockCancelled,
    ClockChange,
    ClockEvent,
    ClockMet,
    ClockPaused,
    ClockRescinded,
    ClockResumed,
    ClockRetargeted,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    StoppedChange,
    WarnedChange,
)
from shared.contracts.events import Actor, CaseSummary
from shared.contracts.views import ClockView, ThresholdView
from shared.contracts.vocabulary import ServiceName

_EVENTS: dict[StepKind, type[ClockEvent]] = {
    StepKind.STARTED: ClockStarted,
    StepKind.PAUSED: ClockPaused,
    StepKind.RESUMED: ClockResumed,
    StepKind.RETARGETED: ClockRetargeted,
    StepKind.WARNED: ClockWarned,
    StepKind.MET: ClockMet,
    StepKind.BREACHED: ClockBreached,
    StepKind.STOPPED: ClockStopped,
    StepKind.RESCINDED: ClockRescinded,
    StepKind.CANCELLED: ClockCancelled,
}
_MONITOR = Actor.system(ServiceName.SLA_MONITOR)


def view_of(clock: Clock, rules: Rules, now: datetime) -> ClockView:
    """The clock as contract section 6 shows it, elapsed and remaining open time reckoned for `now`."""
    spent = elapsed(clock.timing(rules), now if clock.stopped_at is None else min(now, clock.stopped_at))
    return ClockView(
        clock_id=clock.clock_id,
        case_id=clock.case_id,
        name=clock.key.name,
        kind=clock.kind,
        definition=clock.key.name,
        definition_version=clock.version,
        cycle=clock.key.cycle,
        state=clock.state,
        started_at=clock.started_at,
        due_at=clock.due_at,
        stopped_at=clock.stopped_at,
        breached_at=clock.breached_at,
        cause=clock.cause,
        evidence=clock.evidence,
        elapsed_seconds=spent.total_seconds(),
        remaining_seconds=(clock.terms.target - spent).total_seconds(),
        thresholds=tuple(ThresholdView(percent=t.percent, at=t.at, fired_at=t.fired_at) for t in clock.thresholds),
    )


def event_of(step: Step, summary: CaseSummary, rules: Rules, now: datetime) -> ClockEvent:
    """The event that tells `step`, recorded at `now`."""
    clock = step.clock
    event = _EVENTS[step.kind]
    return event(
        case_id=clock.case_id,
        occurred_at=min(step.at, now),
        recorded_at=now,
        actor=_MONITOR,
        change=_change(step, view_of(clock, rules, now), rules),
        case=summary,
    )


def _change(step: Step, view: ClockView, rules: Rules) -> ClockChange:
    if step.percent is not None:
        return WarnedChange(clock=view, percent=step.percent)
    if step.kind is StepKind.STOPPED and step.clock.stopped_at is not None:
        late = elapsed(step.clock.timing(rules), step.clock.stopped_at) - step.clock.terms.target
        return StoppedChange(clock=view, late_by=late.total_seconds())
    return ClockChange(clock=view)
