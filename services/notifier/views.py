"""Pages and attempts as the contract shows them, in events, notices and answers."""

from collections.abc import Iterable

from services.notifier.delivery import Attempt
from services.notifier.pages import Page
from shared.contracts.views import AttemptBrief, AttemptView, PageBrief, PageReason, PageResponder, PageView


def page_brief(page: Page) -> PageBrief:
    """Without attempts and destinations."""
    return PageBrief(
        page_id=page.page_id,
        case_id=page.case_id,
        reasons=tuple(PageReason.model_validate(reason, from_attributes=True) for reason in page.reasons),
        severity=page.severity,
        urgency=page.urgency,
        state=page.state,
        closed_by=page.closed_by,
        policy=page.policy,
        step=page.step,
        round=page.round,
        responders=tuple(PageResponder.model_validate(paged, from_attributes=True) for paged in page.responders),
        created_at=page.created_at,
        acknowledged_at=page.acknowledged_at,
        acknowledged_by=page.acknowledged_by,
    )


def attempt_brief(attempt: Attempt) -> AttemptBrief:
    """Without the destination."""
    return AttemptBrief.model_validate(attempt, from_attributes=True)


def page_view(page: Page, attempts: Iterable[Attempt]) -> PageView:
    """With every attempt, destinations redacted."""
    shown = tuple(AttemptView.model_validate(attempt, from_attributes=True) for attempt in attempts)
    return PageView(**dict(page_brief(page)), summary=page.summary, attempts=shown)
