"""Pages that went out after the instant to which the database was restored, taken back from their own events.

No I/O. So that a breach is not paged a second time: its page stands again under its own id, with who was called
over which channel, under the same webhook-ids. An unacknowledged page takes its last step again; whoever was
called then is not called anew, and whoever was not is.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.notifier.case_pages import CasePages
from services.notifier.delivery import OPENERS, Attempt, NoticeType, webhook_id
from services.notifier.escalation import EXHAUSTED_EVERY
from services.notifier.pages import Page, Paged, Reason, StepTaken
from shared.contracts.page_events import PageAttempted, PageEvent
from shared.contracts.views import AttemptBrief, PageBrief, PageReason
from shared.contracts.vocabulary import AttemptState, PageState

_GOES_ON = frozenset({AttemptState.PENDING, AttemptState.AMBIGUOUS})


def remember(case: CasePages, said: Iterable[PageEvent], now: datetime) -> None:
    """Bring a key's pages to what its events, in their order, say of them."""
    told: set[UUID] = set()
    for event in said:
        if isinstance(event, PageAttempted):
            _attempted(case, event.change.page_id, event.change.attempt, now)
        else:
            brief: PageBrief = event.change.page
            told.add(brief.page_id)
            case.put(_page(case, brief, event.recorded_at))
    for page_id in told:
        if case.pages[page_id].unacknowledged:
            case.put(_again(case.pages[page_id], now))


def _page(case: CasePages, brief: PageBrief, at: datetime) -> Page:
    known = case.pages.get(brief.page_id)
    return Page(
        page_id=brief.page_id,
        key=case.key,
        case_id=brief.case_id,
        policy=brief.policy,
        severity=brief.severity,
        urgency=brief.urgency,
        reasons=tuple(_reason(reason, known) for reason in brief.reasons),
        created_at=brief.created_at,
        summary=known.summary if known else None,
        state=brief.state,
        step=brief.step,
        round=brief.round,
        step_due_at=at + EXHAUSTED_EVERY if brief.state is PageState.EXHAUSTED else None,
        responders=tuple(Paged(**dict(responder), at=at) for responder in brief.responders),
        steps=(StepTaken(brief.step, brief.round, at),),
        acknowledged_at=brief.acknowledged_at,
        acknowledged_by=brief.acknowledged_by,
        closed_by=brief.closed_by,
        closed_at=at if brief.state is PageState.RESOLVED else None,
    )


def _reason(told: PageReason, page: Page | None) -> Reason:
    """With the clock as it was shown, where the page had the reason before."""
    reason = Reason(**dict(told))
    known = next((other for other in page.reasons if reason.same_as(other)), None) if page else None
    return replace(reason, clock=known.clock) if known else reason


def _again(page: Page, now: datetime) -> Page:
    """The page before its last step, which falls due at once; one that is exhausted waits for its hour."""
    if page.state is PageState.EXHAUSTED:
        return page
    before = (StepTaken(page.step - 1, page.round, now),) if page.step else ()
    return replace(page, step=max(page.step - 1, 0), steps=before, step_due_at=now)


def _attempted(case: CasePages, page_id: UUID, brief: AttemptBrief, now: datetime) -> None:
    attempt = case.attempts.get(brief.attempt_id) or _new(case, page_id, brief, now)
    if attempt is None:
        return
    case.put_attempts(
        [
            replace(
                attempt,
                state=brief.state,
                tries=brief.tries,
                at=brief.at,
                provider_ref=brief.provider_ref,
                error=brief.error,
                next_at=now if brief.state in _GOES_ON else None,
            )
        ]
    )


def _new(case: CasePages, page_id: UUID, brief: AttemptBrief, now: datetime) -> Attempt | None:
    """An attempt of which only the end was told; None for a notice that cannot be told from one that is known."""
    page = case.pages.get(page_id)
    if page is None:
        return None
    opener = _opener(case, page, brief)
    ids = {type_: _identity(page, brief, type_, None) for type_ in NoticeType if type_ is not NoticeType.UPDATED}
    abouts = [_about(reason) for reason in page.reasons]
    updates = {_identity(page, brief, NoticeType.UPDATED, about): about for about in abouts}
    by_id: dict[str, tuple[NoticeType, str | None]] = {str(id_): (type_, None) for type_, id_ in ids.items()}
    by_id |= {str(id_): (NoticeType.UPDATED, about) for id_, about in updates.items()}
    type_, about = by_id.get(brief.provider_ref or "", (opener, None))
    id_ = _identity(page, brief, type_, about)
    if case.has_notice(id_):
        return None
    return Attempt(
        attempt_id=brief.attempt_id,
        page_id=page_id,
        webhook_id=id_,
        type=type_,
        responder=brief.responder,
        channel=brief.channel,
        step=brief.step,
        round=brief.round,
        urgency=page.urgency,
        due_at=brief.at or now,
        next_at=None,
        destination="",
        kind=brief.kind,
        about=about,
    )


def _opener(case: CasePages, page: Page, brief: AttemptBrief) -> NoticeType:
    """The first step that reached anybody triggers, every other escalates."""
    others = [a for a in case.attempts_of(page) if a.type in OPENERS]
    elsewhere = any((a.step, a.round) != (brief.step, brief.round) for a in others)
    return NoticeType.ESCALATED if elsewhere else NoticeType.TRIGGERED


def _identity(page: Page, brief: AttemptBrief, type_: NoticeType, about: str | None) -> UUID:
    return webhook_id(page.page_id, brief.step, brief.round, brief.responder, brief.channel, type_, about)


def _about(reason: Reason) -> str:
    return str(reason.clock_id) if reason.clock_id else f"{reason.kind.value} {reason.at.isoformat()}"
