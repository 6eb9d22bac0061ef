"""One attempt: its identity, how tries end, when it is tried again, when it is taken back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier import delivery
from services.notifier.channels.sender import parse_retry_after, verdict
from services.notifier.delivery import Attempt, NoticeType, Outcome, Result, settle, unwanted, webhook_id
from shared.contracts.vocabulary import AttemptState, PageState, Urgency
from shared.ids import uuid7
from tests.unit.notifier.stories import NOW, page

PAGE = page()


def attempt(**changes: Any) -> Attempt:
    return replace(
        Attempt(
            attempt_id=uuid7(),
            page_id=PAGE.page_id,
            webhook_id=uuid7(),
            type=NoticeType.TRIGGERED,
            responder="ana",
            channel="pager",
            step=0,
            round=0,
            urgency=Urgency.HIGH,
            due_at=NOW,
            next_at=NOW,
            destination="",
            state=AttemptState.SENDING,
            tries=1,
        ),
        **changes,
    )


IDENTITY: tuple[Any, ...] = (PAGE.page_id, 0, 0, "ana", "pager", NoticeType.TRIGGERED, None)
OTHERS: list[tuple[Any, ...]] = [
    (uuid7(), 0, 0, "ana", "pager", NoticeType.TRIGGERED, None),
    (PAGE.page_id, 1, 0, "ana", "pager", NoticeType.TRIGGERED, None),
    (PAGE.page_id, 0, 1, "ana", "pager", NoticeType.TRIGGERED, None),
    (PAGE.page_id, 0, 0, "ben", "pager", NoticeType.TRIGGERED, None),
    (PAGE.page_id, 0, 0, "ana", "phone", NoticeType.TRIGGERED, None),
    (PAGE.page_id, 0, 0, "ana", "pager", NoticeType.UPDATED, "clock-1"),
    (PAGE.page_id, 0, 0, "ana", "pager", NoticeType.UPDATED, "clock-2"),
    (PAGE.page_id, 0, 0, None, "pager", NoticeType.TRIGGERED, None),
]


def test_the_webhook_id_is_the_same_for_the_same_notice_and_another_for_every_other() -> None:
    ids = [webhook_id(*identity) for identity in [IDENTITY, *OTHERS]]

    assert webhook_id(*IDENTITY) == ids[0]
    assert len(set(ids)) == len(ids)
    assert ids[0].version == 5


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Result.SENT),
        (202, Result.SENT),
        (204, Result.SENT),
        (301, Result.REFUSED),
        (307, Result.REFUSED),
        (400, Result.REFUSED),
        (404, Result.REFUSED),
        (410, Result.REFUSED),
        (429, Result.RETRY),
        (500, Result.RETRY),
        (503, Result.RETRY),
    ],
)
def test_what_a_status_means(status: int, result: Result) -> None:
    assert verdict(status, None, NOW).result is result


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("Sun, 22 Nov 2026 17:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 16:00:00 GMT", 0),
        ("soon", None),
        ("-3", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    found = parse_retry_after(value, NOW)
    assert (None if found is None else found.total_seconds()) == seconds


def test_success_ends_an_attempt() -> None:
    sent = settle(attempt(), Outcome(Result.SENT, provider_ref="r"), PAGE, NOW, 0.5)

    assert (sent.state, sent.next_at, sent.at, sent.provider_ref) == (AttemptState.SENT, None, NOW, "r")


def test_what_can_be_tried_again_waits_at_least_as_long_as_asked() -> None:
    again = settle(attempt(), Outcome(Result.RETRY, retry_after=timedelta(seconds=30)), PAGE, NOW, 0.0)

    assert (again.state, again.next_at) == (AttemptState.PENDING, NOW + timedelta(seconds=30))


def test_what_may_have_arrived_is_ambiguous_and_tried_again() -> None:
    unseen = settle(attempt(), Outcome(Result.AMBIGUOUS), PAGE, NOW, 0.0)

    assert unseen.state is AttemptState.AMBIGUOUS
    assert unseen.next_at is not None


@pytest.mark.parametrize("state", [PageState.ACKNOWLEDGED, PageState.RESOLVED])
@pytest.mark.parametrize("result", [Result.RETRY, Result.AMBIGUOUS])
def test_a_call_is_not_tried_again_once_somebody_has_the_page(state: PageState, result: Result) -> None:
    assert settle(attempt(), Outcome(result), replace(PAGE, state=state), NOW, 0.5).next_at is None


@pytest.mark.parametrize("type_", [NoticeType.ACKNOWLEDGED, NoticeType.RESOLVED])
def test_the_news_of_the_end_still_leaves(type_: NoticeType) -> None:
    assert unwanted(attempt(type=type_), replace(PAGE, state=PageState.RESOLVED), NOW) is None


def test_nothing_leaves_later_than_an_hour_after_it_was_due() -> None:
    assert unwanted(attempt(), PAGE, NOW + timedelta(hours=1)) is None
    assert unwanted(attempt(), PAGE, NOW + timedelta(hours=1, seconds=1)) is not None


def test_a_claim_that_was_given_up_still_counts_when_the_provider_had_taken_it() -> None:
    lost = attempt(state=AttemptState.AMBIGUOUS, tries=2)

    assert delivery.late_outcome(lost, Outcome(Result.SENT), NOW).state is AttemptState.SENT
    assert delivery.late_outcome(lost, Outcome(Result.REFUSED), NOW) is lost


def test_receipts_never_go_back() -> None:
    delivered = attempt(state=AttemptState.DELIVERED)

    assert delivery.late_outcome(delivered, Outcome(Result.SENT), NOW) is delivered


@given(st.integers(1, 200), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_are_jittered_and_bounded(tries: int, jitter: float) -> None:
    pause = delivery.pause(tries, None, jitter)

    assert timedelta(milliseconds=250) <= pause <= delivery.LONGEST_BACKOFF
    assert pause <= delivery.pause(tries + 1, None, jitter)


STATES = AttemptState


@pytest.mark.parametrize(
    ("now", "receipt", "then"),
    [
        (STATES.SENDING, STATES.SENT, STATES.SENT),
        (STATES.AMBIGUOUS, STATES.SENT, STATES.SENT),
        (STATES.SENT, STATES.DELIVERED, STATES.DELIVERED),
        (STATES.FAILED, STATES.DELIVERED, STATES.DELIVERED),
        (STATES.SUPPRESSED, STATES.DELIVERED, STATES.DELIVERED),
        (STATES.SENT, STATES.FAILED, STATES.FAILED),
        (STATES.AMBIGUOUS, STATES.FAILED, STATES.FAILED),
        (STATES.DELIVERED, STATES.SENT, STATES.DELIVERED),
        (STATES.DELIVERED, STATES.FAILED, STATES.DELIVERED),
        (STATES.SUPPRESSED, STATES.FAILED, STATES.SUPPRESSED),
        (STATES.PENDING, STATES.FAILED, STATES.PENDING),
    ],
)
def test_a_receipt_moves_an_attempt_by_rank(now: AttemptState, receipt: AttemptState, then: AttemptState) -> None:
    found = delivery.received(attempt(state=now), receipt, "SM1", None, NOW)
    assert found.state is then
    if now is not then:
        assert (found.next_at, found.at, found.provider_ref) == (None, NOW, "SM1")


def test_the_failure_of_an_earlier_message_does_not_end_what_was_sent_since() -> None:
    sent = attempt(state=AttemptState.SENT, provider_ref="SM2")
    assert delivery.received(sent, AttemptState.FAILED, "SM1", None, NOW) is sent


def test_an_outcome_that_is_noted_after_its_messages_failure_does_not_undo_it() -> None:
    failed = delivery.received(attempt(), AttemptState.FAILED, "SM1", "undelivered 30003", NOW)
    assert delivery.late_outcome(failed, Outcome(Result.SENT, provider_ref="SM1"), NOW) is failed
    assert delivery.late_outcome(failed, Outcome(Result.SENT, provider_ref="SM2"), NOW).state is AttemptState.SENT
