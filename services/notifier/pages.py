"""What a page is, and what opens, joins, closes and acknowledges one (semantics section 4). Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.contracts.vocabulary import PageReasonKind, PageState, Severity, Urgency

SUPERSEDED = "superseded"
MANUAL = "manual"
MANUAL_KIND = PageReasonKind.MANUAL
CASE_RESOLVED = "tocsin.case.resolved"


@dataclass(frozen=True)
class Reason:
    """Why a page exists. `clock` is the clock as its event showed it, for the notice."""

    kind: PageReasonKind
    at: datetime
    clock_id: UUID | None = None
    name: str | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None
    clock: Mapping[str, Any] | None = None

    @property
    def open(self) -> bool:
        return self.closed_at is None

    @property
    def remembered(self) -> bool:
        """Whether it was taken back from the page's own event after a restore: without the clock itself."""
        return self.clock_id is not None and self.clock is None

    def same_as(self, other: "Reason") -> bool:
        """Whether both tell of one fact: the same event read twice, or a standing condition said again.

        After a restore a clock may have been made anew, under another id: what it tells is known by name and
        instant. A clock breaches once until the breach is taken back, also where its due moved in the restore.
        """
        if self.kind is not other.kind:
            return False
        if other.remembered and self.name == other.name and self.at == other.at:
            return True
        if self.clock_id != other.clock_id:
            return False
        standing = other.open and (self.clock_id is None or (other.remembered and self.kind is PageReasonKind.BREACH))
        return self.at == other.at or standing


@dataclass(frozen=True)
class Paged:
    """A responder (or bare channel) whom a step reached, and what made it so."""

    responder: str
    step: int
    round: int
    at: datetime
    schedule: str | None = None
    source: str | None = None
    config_version: str | None = None
    tzdata_version: str | None = None


@dataclass(frozen=True)
class StepTaken:
    """One step of the escalation: `skipped` when it had nobody."""

    step: int
    round: int
    at: datetime
    skipped: bool = False


@dataclass(frozen=True)
class Page:
    """A page at one moment. `key` is its case, or itself. `step_due_at` is when the next step falls due.

    `watching` holds, per schedule that was asked so far, whom it gave: a change pages the incoming one.
    """

    page_id: UUID
    key: UUID
    case_id: UUID | None
    policy: str
    severity: Severity | None
    urgency: Urgency
    reasons: tuple[Reason, ...]
    created_at: datetime
    summary: str | None = None
    state: PageState = PageState.TRIGGERED
    step: int = 0
    round: int = 0
    step_due_at: datetime | None = None
    responders: tuple[Paged, ...] = ()
    steps: tuple[StepTaken, ...] = ()
    watching: Mapping[str, str | None] = field(default_factory=dict)
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.state is not PageState.RESOLVED

    @property
    def unacknowledged(self) -> bool:
        """Whether somebody is still to be reached."""
        return self.state in {PageState.TRIGGERED, PageState.EXHAUSTED}

    def is_only(self, kind: PageReasonKind) -> bool:
        """Whether every reason is of `kind`."""
        return all(reason.kind is kind for reason in self.reasons)

    def has_open(self, kind: PageReasonKind) -> bool:
        """Whether a reason of `kind` is open."""
        return any(reason.kind is kind and reason.open for reason in self.reasons)


class Placing(StrEnum):
    """What becomes of a reason."""

    KNOWN = "known"
    JOIN = "join"
    OPEN = "open"
    RECORD = "record"


@dataclass(frozen=True)
class Placement:
    """Where a reason goes: `page` is the one that it joins, or into whose record it goes."""

    placing: Placing
    page: Page | None = None


def place(
    pages: Iterable[Page], reason: Reason, *, policy: str, severity: Severity | None, urgency: Urgency, resolved: bool
) -> Placement:
    """Decide where `reason` goes among the pages of its case; `resolved`: the case is known to be.

    A reason joins a triggered page of the same policy unless severity or urgency rise. Alarms never join a
    warning's page; a warning joins none but a warning's or a breach's. For a resolved case it is only
    recorded, with those that the resolution closed.
    """
    pages = list(pages)
    if any(reason.same_as(other) for page in pages for other in page.reasons):
        return Placement(Placing.KNOWN)
    fitting = [
        page for page in pages if page.policy == policy and _takes(page, reason) and not _rises(page, severity, urgency)
    ]
    if resolved:
        recorded = [page for page in fitting if page.closed_by == CASE_RESOLVED and page.acknowledged_at is None]
        return Placement(Placing.RECORD, recorded[-1] if recorded else None)
    standing = [page for page in fitting if page.state is PageState.TRIGGERED]
    return Placement(Placing.JOIN, standing[-1]) if standing else Placement(Placing.OPEN)


def joined(page: Page, reason: Reason) -> Page:
    """The page with one more reason."""
    return replace(page, reasons=(*page.reasons, reason))


def recognised(page: Page, reason: Reason) -> Page:
    """The page with the clock of `reason` in the place of what was remembered of it."""
    reasons = tuple(
        replace(known, clock_id=reason.clock_id, clock=reason.clock)
        if known.remembered and reason.same_as(known)
        else known
        for known in page.reasons
    )
    return page if reasons == page.reasons else replace(page, reasons=reasons)


def recorded(page: Page, reason: Reason, now: datetime) -> Page:
    """The page with a reason that its case's resolution had closed before it was known."""
    closed = replace(reason, closed_by=CASE_RESOLVED, closed_at=now)
    return replace(
        joined(page, closed),
        state=PageState.RESOLVED,
        closed_by=page.closed_by or CASE_RESOLVED,
        closed_at=page.closed_at or now,
        step_due_at=None,
    )


def close(page: Page, closes: Callable[[Reason], bool], by: str, now: datetime) -> Page:
    """Close the open reasons that `closes` picks; with its last open one the page itself is resolved."""
    if not page.open:
        return page
    reasons = tuple(
        replace(reason, closed_by=by, closed_at=now) if reason.open and closes(reason) else reason
        for reason in page.reasons
    )
    if reasons == page.reasons:
        return page
    if any(reason.open for reason in reasons):
        return replace(page, reasons=reasons)
    return replace(
        page, reasons=reasons, state=PageState.RESOLVED, closed_by=by, closed_at=now, step_due_at=None, watching={}
    )


def acknowledge(page: Page, by: str, now: datetime) -> Page:
    """The page as acknowledged; unchanged when it is already, or closed."""
    if not page.unacknowledged:
        return page
    return replace(
        page, state=PageState.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=by, step_due_at=None, watching={}
    )


def superseded_by_breach(pages: Iterable[Page], policy: str, late_at: datetime | None) -> list[Page]:
    """The warnings' pages of a policy to which a breach puts an end.

    A breach at `late_at` that came after its case's resolution also ends the warnings before it that the
    resolution had closed, as it would have done in time: whatever the order, the end is the same.
    """
    warnings = [page for page in pages if page.policy == policy and page.is_only(PageReasonKind.WARNING)]
    return [
        page
        for page in warnings
        if page.open or (late_at and page.closed_by == CASE_RESOLVED and page.reasons[0].at <= late_at)
    ]


def supersede(page: Page, now: datetime) -> Page:
    """Close a warning's page because a breach has its own."""
    if page.open:
        return close(page, lambda _: True, SUPERSEDED, now)
    return replace(
        page, closed_by=SUPERSEDED, reasons=tuple(replace(reason, closed_by=SUPERSEDED) for reason in page.reasons)
    )


def _takes(page: Page, reason: Reason) -> bool:
    """Whether the kinds of the page's reasons let this one in."""
    if MANUAL_KIND in {reason.kind, *(other.kind for other in page.reasons)}:
        return False
    warnings = page.is_only(PageReasonKind.WARNING)
    if reason.kind is not PageReasonKind.WARNING:
        return not warnings
    return warnings or any(other.kind is PageReasonKind.BREACH for other in page.reasons)


def _rises(page: Page, severity: Severity | None, urgency: Urgency) -> bool:
    """Whether `severity` or `urgency` is above the page's."""
    if urgency is Urgency.HIGH and page.urgency is Urgency.LOW:
        return True
    return severity is not None and (page.severity is None or severity.rank < page.severity.rank)
