"""A call that waits for a channel that fails: its responder is called over the next one at once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.notifier.case_pages import CasePages
from services.notifier.settling import go_round
from shared.contracts.vocabulary import AttemptState
from shared.ids import uuid7
from tests.unit.notifier.stories import MINUTE, NOW, attempts_of, case, oncall, pages, take

THREE = [("pager", "PT0S"), ("phone", "PT2M"), ("mail", "PT5M")]


def paged() -> CasePages:
    """Ana is called over the pager now, by phone in two minutes, by mail in five."""
    rules = [{"channel": channel, "after": after} for channel, after in THREE]
    config = oncall()
    ana = config.responders[0].model_dump(mode="json") | {"rules": {"high": rules, "low": rules}}
    others = [person.model_dump(mode="json") for person in config.responders[1:]]
    return take(case(), "clock.breached", clock=uuid7(), config=oncall(responders=[ana, *others]))


def put(found: CasePages, channel: str, **changes: Any) -> None:
    found.put_attempts([replace(attempts_of(found, channel)[0], **changes)])


def went_round(found: CasePages, *shut: str, now: Any = NOW) -> bool:
    return go_round(found, pages(found)[0], shut, now)


def due_in(found: CasePages, channel: str) -> timedelta | None:
    (attempt,) = attempts_of(found, channel)
    return None if attempt.next_at is None else attempt.next_at - NOW


def test_the_next_channel_is_due_at_once_and_the_held_call_stays_as_it_is() -> None:
    found = paged()
    held = attempts_of(found, "pager")

    assert went_round(found, "pager")

    assert attempts_of(found, "pager") == held
    assert (due_in(found, "phone"), due_in(found, "mail")) == (timedelta(0), 5 * MINUTE)


def test_the_one_after_it_is_not_called_too() -> None:
    found = paged()
    went_round(found, "pager")

    assert not went_round(found, "pager")
    put(found, "phone", state=AttemptState.SENT, next_at=None)
    assert not went_round(found, "pager")


def test_a_channel_that_fails_too_is_passed_by() -> None:
    found = paged()

    assert went_round(found, "pager", "phone")

    assert (due_in(found, "phone"), due_in(found, "mail")) == (2 * MINUTE, timedelta(0))


def test_a_call_that_waits_for_its_next_try_is_held_as_well() -> None:
    found = paged()
    put(found, "pager", tries=2, next_at=NOW + MINUTE)

    assert went_round(found, "pager")


def test_a_call_that_is_not_due_yet_is_not_held() -> None:
    found = paged()

    assert not went_round(found, "phone")
    assert due_in(found, "mail") == 5 * MINUTE


def test_who_was_reached_is_not_called_once_more() -> None:
    found = paged()
    put(found, "pager", state=AttemptState.SENT, next_at=None)

    assert not went_round(found, "pager")


def test_with_every_channel_shut_nothing_is_brought_forward() -> None:
    found = paged()

    assert not went_round(found, "pager", "phone", "mail")
    assert (due_in(found, "phone"), due_in(found, "mail")) == (2 * MINUTE, 5 * MINUTE)
