"""Why a clock is due when it is: its target, calendar, pauses and definition, and the hours that count. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from services.sla_monitor.announcing import view_of
from services.sla_monitor.definitions import Rules
from services.sla_monitor.settlement import Clock
from services.sla_monitor.spans import FOREVER, Span
from shared.config.calendars import CalendarSpec, Weekday
from shared.config.holidays import library_version
from shared.contracts.clock_explanation import (
    CalendarExplanation,
    ClockExplanation,
    DefinitionExplanation,
    ExplainedClock,
    OpenSpan,
    PauseExplanation,
)
from shared.contracts.vocabulary import ClockKind

MAX_SPANS = 60
"""Open spans that are shown of one clock."""


def explained(clock: Clock, rules: Rules, now: datetime) -> ExplainedClock:
    """The clock as it is shown, with what its due rests on."""
    return ExplainedClock(**dict(view_of(clock, rules, now)), explanation=_explanation(clock, rules, now))


def _explanation(clock: Clock, rules: Rules, now: datetime) -> ClockExplanation:
    spans = list(islice(_open_spans(clock, rules, now), MAX_SPANS + 1))
    return ClockExplanation(
        target_seconds=clock.terms.target.total_seconds(),
        calendar=_calendar(clock, rules),
        definition=_definition(clock, rules),
        pauses=tuple(_pause(clock, rules, pause, now) for pause in clock.pauses),
        open=tuple(OpenSpan(start=span.start, end=span.end) for span in spans[:MAX_SPANS]),
        open_complete=len(spans) <= MAX_SPANS,
    )


def _open_spans(clock: Clock, rules: Rules, now: datetime) -> Iterator[Span]:
    """From the start to what comes last: due, stop, or now where it is neither stopped nor due."""
    ends = [at for at in (clock.due_at, clock.stopped_at) if at is not None] or [now]
    return rules.calendar(clock.terms.calendar).open_spans(Span(clock.started_at, max(ends)))


def _pause(clock: Clock, rules: Rules, pause: Span, now: datetime) -> PauseExplanation:
    until = min(pause.end, max(now, pause.start))
    counted = rules.calendar(clock.terms.calendar).open_spans(Span(max(pause.start, clock.started_at), until))
    cost = sum((span.end - span.start for span in counted), timedelta(0))
    return PauseExplanation(
        start=pause.start, end=None if pause.end == FOREVER else pause.end, open_seconds=cost.total_seconds()
    )


def _calendar(clock: Clock, rules: Rules) -> CalendarExplanation | None:
    name = clock.terms.calendar
    if name is None or name not in rules.specs:
        return None
    spec = rules.specs[name]
    library = None if spec.holidays is None else rules.sources.library or library_version()
    return CalendarExplanation(
        name=name,
        time_zone=spec.time_zone,
        hours=hours_of(spec),
        holidays=spec.holidays,
        holiday_library=library,
        tzdata_version=clock.zone_data,
    )


def hours_of(spec: CalendarSpec) -> tuple[str, ...]:
    """The weekly windows in words: `mon-fri 09:00-17:00`."""
    return tuple(f"{_days([day.number for day in window.days])} {window.open}-{window.close}" for window in spec.weekly)


def _days(numbers: list[int]) -> str:
    names, numbers = list(Weekday), sorted(set(numbers))
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{names[numbers[0]]}-{names[numbers[-1]]}"
    return " ".join(names[number] for number in numbers)


def _definition(clock: Clock, rules: Rules) -> DefinitionExplanation:
    law = rules.by_id.get(clock.key.name)
    if law is None:
        return DefinitionExplanation(id=clock.key.name, version=clock.version, label="internal target")
    own = law.kind is ClockKind.INTERNAL
    return DefinitionExplanation(
        id=law.id,
        version=clock.version,
        label="internal target: the law gives no hours" if own else "legal deadline",
        jurisdiction=law.jurisdiction,
        basis=law.basis,
        source=law.source,
        certainty=law.certainty,
        verified_on=law.verified_on,
        note=law.note,
        order=clock.key.reference or None,
        suspended_by=law.suspended_by,
    )
