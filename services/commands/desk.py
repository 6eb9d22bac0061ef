"""The open cases as one looks at them: who has each, what falls due next, whether a page is out.

`look` asks the services once; `rows` and `changes` are pure.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.client import words
from services.client.caller import Caller, CallFailed
from services.client.shapes import CaseView
from shared.contracts.views import ClockView, PageView
from shared.contracts.vocabulary import CaseStatus, ClockState, PageState, ServiceName, Severity

UNRESOLVED = (CaseStatus.OPEN, CaseStatus.ACKNOWLEDGED, CaseStatus.PENDING)
NEWS = 100
FAR = 1e12


@dataclass(frozen=True)
class Sight:
    """What one look at the services found; `missing` says which could not be asked."""

    cases: tuple[CaseView, ...]
    clocks: tuple[ClockView, ...]
    pages: tuple[PageView, ...]
    missing: Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """One case as it stands now. `left` is the time to the next deadline in seconds, negative when overdue."""

    case_id: UUID
    summary: str
    severity: Severity
    status: CaseStatus
    policy_area: str
    language: str
    region: str
    held_by: str
    clock: str | None
    due_at: datetime | None
    left: float | None
    page: PageState | None

    @property
    def overdue(self) -> bool:
        """Its next deadline has passed."""
        return self.left is not None and self.left < 0


async def look(caller: Caller) -> Sight:
    """Ask three services at once for the newest unresolved cases, the clocks that run and the pages."""
    missing: dict[str, str] = {}

    async def items(service: ServiceName, path: str, **query: Any) -> list[Any]:
        try:
            return list((await caller.get(service, path, limit=NEWS, **query))["items"])
        except CallFailed as error:
            missing[service] = str(error)
            return []

    cases, clocks, pages = await asyncio.gather(
        asyncio.gather(*(items(ServiceName.INTAKE, "/v1/cases", status=status.value) for status in UNRESOLVED)),
        asyncio.gather(
            *(items(ServiceName.SLA_MONITOR, "/v1/clocks", state=state) for state in ("running", "breached"))
        ),
        asyncio.gather(
            *(items(ServiceName.NOTIFIER, "/v1/pages", state=state) for state in ("triggered", "acknowledged"))
        ),
    )
    return Sight(
        cases=tuple(CaseView.model_validate(item) for part in cases for item in part),
        clocks=tuple(ClockView.model_validate(item) for part in clocks for item in part),
        pages=tuple(PageView.model_validate(item) for part in pages for item in part),
        missing=missing,
    )


def rows(sight: Sight, now: datetime) -> list[Row]:
    """One row a case, the soonest deadline first, then the worst severity, then the oldest."""
    clocks = _next_clocks(sight.clocks)
    pages = {page.case_id: page.state for page in sorted(sight.pages, key=_loudness)}
    found = [_row(case, clocks.get(case.case_id), pages.get(case.case_id), now) for case in sight.cases]
    return sorted(found, key=lambda row: (FAR if row.left is None else row.left, row.severity.rank, str(row.case_id)))


def changes(before: Sequence[Row], after: Sequence[Row]) -> list[Row]:
    """The rows that say something new: a case that came, or whose status, holder, clock or page changed."""
    known = {row.case_id: _told(row) for row in before}
    return [row for row in after if known.get(row.case_id) != _told(row)]


def gone(before: Sequence[Row], after: Sequence[Row]) -> list[Row]:
    """The rows of cases that are no longer among the unresolved."""
    left = {row.case_id for row in after}
    return [row for row in before if row.case_id not in left]


def _told(row: Row) -> tuple[object, ...]:
    return (row.status, row.held_by, row.clock, row.due_at, row.page, row.overdue)


def _next_clocks(clocks: Iterable[ClockView]) -> dict[UUID, ClockView]:
    """Per case the clock that is due soonest among those still to be stopped."""
    found: dict[UUID, ClockView] = {}
    for clock in clocks:
        if clock.due_at is None or clock.stopped_at is not None or clock.state is ClockState.MET:
            continue
        other = found.get(clock.case_id)
        if other is None or other.due_at is None or clock.due_at < other.due_at:
            found[clock.case_id] = clock
    return found


def _loudness(page: PageView) -> bool:
    return page.state is PageState.TRIGGERED


def _row(case: CaseView, clock: ClockView | None, page: PageState | None, now: datetime) -> Row:
    due = clock.due_at if clock else None
    return Row(
        case_id=case.case_id,
        summary=words.plain(case.summary),
        severity=case.severity,
        status=case.status,
        policy_area=case.policy_area,
        language=case.language,
        region=case.region,
        held_by=case.assignee or (f"({words.spaced(case.waiting_reason)})" if case.waiting_reason else ""),
        clock=clock.name if clock else None,
        due_at=due,
        left=(due - now).total_seconds() if due else None,
        page=page,
    )
