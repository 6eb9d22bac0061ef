"""Pages that are taken back from their own events, and what a breach that is told again does then."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from services.notifier.case_pages import CasePages
from services.notifier.delivery import Attempt
from services.notifier.events import messages_of
from services.notifier.remembering import remember
from shared.bus.messages import Message
from shared.contracts.events import Actor
from shared.contracts.page_events import PageEvent
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.vocabulary import ActorKind, AttemptState, PageState
from shared.ids import uuid7
from tests.unit.notifier.stories import MINUTE, NOW, calls, case, deliver, desk, pages, take

CLOCK = uuid7()
LATER = NOW + timedelta(hours=2)
ANA = Actor(kind=ActorKind.PERSON, id="ana")


def told(before: CasePages) -> list[PageEvent]:
    """Everything that was said of the case's pages, as its readers get it."""
    found = [read(message) for message in messages_of(before, NOW)]
    before.said.clear()
    return found


def read(message: Message) -> PageEvent:
    event = EVENT_TYPES[message.type].model_validate_json(message.payload)
    assert isinstance(event, PageEvent)
    return event


def delivered(before: CasePages) -> None:
    """The pager took what was pending, and gave the webhook-id as its reference."""
    deliver(before)
    for attempt in list(before.attempts.values()):
        if attempt.state is AttemptState.SENT:
            sent = replace(attempt, provider_ref=str(attempt.webhook_id), at=NOW, tries=1)
            before.put_attempts([sent])
            before.attempted(sent)


def restored(before: CasePages, said: list[PageEvent]) -> CasePages:
    """The same case in a database that had gone back to before its first page."""
    after = CasePages(before.key, before.case_id, summary=before.summary)
    remember(after, said, LATER)
    return after


def ids(of: CasePages) -> set[UUID]:
    return {attempt.webhook_id for attempt in of.attempts.values()}


def over_the_pager(of: CasePages) -> list[Attempt]:
    return [attempt for attempt in of.attempts.values() if attempt.channel == "pager"]


def test_a_page_that_was_sent_stands_again_and_the_same_breach_changes_nothing() -> None:
    before = take(case(), "clock.breached", clock=CLOCK)
    delivered(before)
    after = restored(before, told(before))
    take(after, "clock.breached", clock=CLOCK, at=NOW, now=LATER)
    assert [page.page_id for page in pages(after)] == [page.page_id for page in pages(before)]
    assert ids(after) == {attempt.webhook_id for attempt in over_the_pager(before)}
    assert calls(after) == calls(before)


def test_a_clock_made_anew_is_recognised_by_name_and_instant_and_closes_its_page() -> None:
    before = take(case(), "clock.breached", clock=CLOCK)
    delivered(before)
    after, anew = restored(before, told(before)), uuid7()
    take(after, "clock.breached", clock=anew, at=NOW, now=LATER)
    assert len(pages(after)) == 1
    assert pages(after)[0].reasons[0].clock_id == anew
    take(after, "clock.stopped", clock=anew, now=LATER)
    assert pages(after)[0].state is PageState.RESOLVED
    assert calls(after)[-1] == ("resolved", "ana", 0, 0)


def test_a_breach_of_another_clock_is_no_repetition() -> None:
    before = take(case(), "clock.breached", clock=CLOCK)
    delivered(before)
    after = restored(before, told(before))
    take(after, "clock.breached", clock=uuid7(), at=NOW + MINUTE, now=LATER)
    assert len(pages(after)[0].reasons) == 2


def test_the_last_step_is_taken_again_and_calls_only_who_was_not_called() -> None:
    before = take(case(), "clock.breached", clock=CLOCK)
    after = restored(before, told(before))
    assert over_the_pager(after) == []
    desk(now=LATER).step_on(after, pages(after)[0])
    assert ids(after) == ids(before)
    assert calls(after) == [("triggered", "ana", 0, 0)]


def test_an_escalated_page_goes_on_from_its_step() -> None:
    before = take(case(), "clock.breached", clock=CLOCK)
    delivered(before)
    desk(now=NOW + 5 * MINUTE).step_on(before, pages(before)[0])
    delivered(before)
    after = restored(before, told(before))
    desk(now=LATER).step_on(after, pages(after)[0])
    assert ids(after) >= {attempt.webhook_id for attempt in over_the_pager(before)}
    assert calls(after) == [("triggered", "ana", 0, 0), ("escalated", "lead", 1, 0)]
    assert (pages(after)[0].step, pages(after)[0].round) == (1, 0)


def test_an_acknowledged_page_stays_so_and_nobody_is_called() -> None:
    before = take(case(), "clock.breached", clock=CLOCK)
    delivered(before)
    desk().acknowledge(before, pages(before)[0], ANA)
    after = restored(before, told(before))
    assert pages(after)[0].acknowledged_by == "ana"
    assert pages(after)[0].step_due_at is None


@pytest.mark.parametrize("state", [AttemptState.PENDING, AttemptState.AMBIGUOUS])
def test_a_try_whose_end_was_not_seen_goes_on_under_its_id(state: AttemptState) -> None:
    before = take(case(), "clock.breached", clock=CLOCK)
    open_try = replace(over_the_pager(before)[0], state=state, tries=1, at=NOW)
    before.put_attempts([open_try])
    before.attempted(open_try)
    after = restored(before, told(before))
    assert [(a.webhook_id, a.next_at) for a in over_the_pager(after)] == [(open_try.webhook_id, LATER)]


def test_an_exhausted_page_waits_for_its_hour() -> None:
    before = take(case(), "clock.breached", clock=CLOCK)
    while pages(before)[0].state is not PageState.EXHAUSTED:
        delivered(before)
        desk().step_on(before, pages(before)[0])
    after = restored(before, told(before))
    assert pages(after)[0].step_due_at == NOW + timedelta(hours=1)
