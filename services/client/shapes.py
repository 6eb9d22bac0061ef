"""Answers of intake that no event carries in the same shape (contract section 4); the rest is `shared.contracts`."""

from typing import Any
from uuid import UUID

from shared.contracts.scalars import Instant
from shared.contracts.views import ActionView, View
from shared.contracts.vocabulary import CaseStatus, Severity


class Subject(View):
    """What a case is about."""

    type: str
    id: str
    url: str | None = None


class CaseView(View):
    """A case as intake shows it (contract section 4)."""

    case_id: UUID
    version: int
    status: CaseStatus
    source: str
    external_id: str
    reports: int
    summary: str
    policy_area: str
    language: str
    region: str
    severity: Severity
    graphic: int
    subject: Subject | None = None
    received_at: Instant
    created_at: Instant
    acknowledged_at: Instant | None = None
    resolved_at: Instant | None = None
    assignee: str | None = None
    waiting_reason: str | None = None
    pend_reason: Any = None
    outcome: str | None = None
    actions: tuple[ActionView, ...] = ()
    preserve_until: Instant | None = None


class TimelineEntry(View):
    """One event of a case."""

    type: str
    source: str
    sequence: int
    occurred_at: Instant
    recorded_at: Instant
    actor: dict[str, Any]
    change: dict[str, Any]
