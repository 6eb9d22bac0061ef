"""Why a clock is due when it is: what `GET /v1/cases/{id}/clocks` adds to each clock."""

from datetime import date

from shared.contracts.scalars import Instant
from shared.contracts.views import ClockView, View


class CalendarExplanation(View):
    """When the target's time counts; `hours` are the weekly windows, such as `mon-fri 09:00-17:00`."""

    name: str
    time_zone: str
    hours: tuple[str, ...]
    holidays: str | None
    holiday_library: str | None
    tzdata_version: str | None


class DefinitionExplanation(View):
    """The entry of sla.yaml; of a legal clock with its basis in law. None of it is legal advice."""

    id: str
    version: str
    label: str
    jurisdiction: str | None = None
    basis: str | None = None
    source: str | None = None
    certainty: str | None = None
    verified_on: date | None = None
    note: str | None = None
    order: str | None = None
    suspended_by: tuple[str, ...] = ()


class PauseExplanation(View):
    """A time in which the clock stood still; `open_seconds` of it would have counted (so far, while it lasts)."""

    start: Instant
    end: Instant | None
    open_seconds: float


class OpenSpan(View):
    """[start, end) in which the calendar is open."""

    start: Instant
    end: Instant


class ClockExplanation(View):
    """Due is where so much of `open`, without `pauses`, has passed since the start.

    `calendar` is null around the clock; `open` ends at due or at the stop, whatever is later.
    """

    target_seconds: float
    calendar: CalendarExplanation | None
    definition: DefinitionExplanation
    pauses: tuple[PauseExplanation, ...]
    open: tuple[OpenSpan, ...]
    open_complete: bool


class ExplainedClock(ClockView):
    """A clock with its explanation; none where an older sla_monitor answered."""

    explanation: ClockExplanation | None = None
