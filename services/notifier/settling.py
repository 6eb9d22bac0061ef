"""What follows from the end of one try: for the attempt, for the responder's other channels, for the page. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from services.notifier import delivery
from services.notifier.case_pages import CasePages
from services.notifier.delivery import GOT_IT, OPENERS, Attempt, Outcome
from services.notifier.pages import Page
from shared.contracts.vocabulary import AttemptState, PageState


def settle(case: CasePages, attempt: Attempt, outcome: Outcome, tries: int, now: datetime, jitter: float) -> Attempt:
    """Note how a try ended. After a refusal the responder's next channel is due at once; with none left
    anywhere in the step, so is the next step."""
    page = case.pages[attempt.page_id]
    if attempt.state is not AttemptState.SENDING or attempt.tries != tries:
        settled = delivery.late_outcome(attempt, outcome, now)
    else:
        settled = delivery.settle(attempt, outcome, page, now, jitter)
    if settled is attempt:
        return attempt
    case.put_attempts([settled])
    case.attempted(settled)
    if settled.state is AttemptState.FAILED and settled.type in OPENERS:
        _go_on(case, page, settled, now)
    return settled


def receive(case: CasePages, attempt: Attempt, state: AttemptState, ref: str, error: str | None, now: datetime) -> bool:
    """Note a provider's receipt; whether it changed anything. After `failed` the next channel is due at once."""
    known = delivery.received(attempt, state, ref, error, now)
    if known is attempt:
        return False
    case.put_attempts([known])
    case.attempted(known)
    if known.state is AttemptState.FAILED and known.type in OPENERS:
        _go_on(case, case.pages[known.page_id], known, now)
    return True


def go_round(case: CasePages, page: Page, shut: Collection[str], now: datetime) -> bool:
    """Make the next channel due at once for each responder whose call is held by a channel in `shut`; whether any was.

    The held call itself stays as it is. Who is being reached over another channel already is not called once more.
    """
    brought = [
        replace(found, due_at=min(found.due_at, now), next_at=now)
        for calls in _by_responder(case, page)
        if any(call.channel in shut and _under_way(call, now) for call in calls)
        and (found := _not_yet_due([call for call in calls if call.channel not in shut], now)) is not None
    ]
    case.put_attempts(brought)
    return bool(brought)


def _by_responder(case: CasePages, page: Page) -> Iterable[list[Attempt]]:
    """The calls of each responder of each step."""
    found: dict[tuple[str, int, int], list[Attempt]] = {}
    for call in case.attempts_of(page):
        if call.type in OPENERS and call.responder is not None:
            found.setdefault((call.responder, call.step, call.round), []).append(call)
    return found.values()


def _under_way(call: Attempt, now: datetime) -> bool:
    """Whether it has been due, and is still to leave or to be answered."""
    return call.next_at is not None and (call.next_at <= now or call.tries > 0)


def _not_yet_due(calls: Sequence[Attempt], now: datetime) -> Attempt | None:
    """The next of these calls in time, unless one of them reached its responder or is about to."""
    if any(call.state in GOT_IT or _under_way(call, now) for call in calls):
        return None
    waiting = [call for call in calls if call.next_at is not None]
    return min(waiting, key=lambda call: call.due_at, default=None)


def _go_on(case: CasePages, page: Page, failed: Attempt, now: datetime) -> None:
    same_step = [
        a for a in case.attempts_of(page) if a.type in OPENERS and (a.step, a.round) == (page.step, page.round)
    ]
    waiting = [
        a
        for a in case.queued(page)
        if a.type in OPENERS and (a.responder, a.step, a.round) == (failed.responder, failed.step, failed.round)
    ]
    later = sorted((a for a in waiting if a.next_at is not None and a.tries == 0), key=lambda a: a.due_at)
    if later:
        case.put_attempts([replace(later[0], due_at=min(later[0].due_at, now), next_at=now)])
    elif page.state is PageState.TRIGGERED and not any(a.state in GOT_IT or a.next_at for a in same_step):
        case.put(replace(page, step_due_at=now))
