"""Steps, rounds, fallback, and whoever comes on call meanwhile."""

from datetime import timedelta

from services.notifier.case_pages import CasePages
from services.notifier.delivery import Outcome, Result
from services.notifier.settling import settle
from shared.config.oncall import OnCallConfig
from shared.contracts.vocabulary import AttemptState, PageState
from shared.ids import uuid7
from tests.unit.notifier.stories import (
    MINUTE,
    NOW,
    attempts_of,
    calls,
    case,
    deliver,
    desk,
    oncall,
    pages,
    said,
    schedule,
    steps,
    take,
)

NOBODY = {"schedule": "empty"}
ANA = {"responder": "ana"}
LEAD = {"responder": "lead"}


def paged(config: OnCallConfig | None = None) -> CasePages:
    return take(case(), "clock.breached", clock=uuid7(), config=config)


def with_policy(*targets: list[dict[str, str]], **rest: object) -> OnCallConfig:
    return oncall(
        schedules=[schedule("primary", ["ana"]), schedule("empty", [None])],
        policies=[steps(*targets, **rest)],  # type: ignore[arg-type]
    )


def next_step(found: CasePages, config: OnCallConfig | None = None, minutes: int = 5) -> None:
    desk(config, now=NOW + minutes * MINUTE).step_on(found, pages(found)[-1])


def test_each_step_calls_its_targets_then_all_again_then_the_fallback_each_hour() -> None:
    found = paged()
    for _ in range(5):
        next_step(found)

    assert calls(found) == [
        ("triggered", "ana", 0, 0),
        ("escalated", "lead", 1, 0),
        ("escalated", "ana", 0, 1),
        ("escalated", "lead", 1, 1),
        ("escalated", None, 2, 1),
        ("escalated", None, 2, 2),
    ]
    assert said(found) == ["triggered", "escalated", "escalated", "escalated", "exhausted", "exhausted"]
    page = pages(found)[0]
    assert page.state is PageState.EXHAUSTED
    assert page.step_due_at == NOW + 5 * MINUTE + timedelta(hours=1)
    assert len({a.webhook_id for a in found.attempts.values()}) == len(found.attempts)


def test_the_next_step_is_due_when_nobody_acknowledged_in_time() -> None:
    assert pages(paged())[0].step_due_at == NOW + 5 * MINUTE


def test_a_step_with_nobody_is_skipped_at_once() -> None:
    found = paged(with_policy([NOBODY], [LEAD]))

    assert calls(found) == [("triggered", "lead", 1, 0)]
    assert [(step.step, step.skipped) for step in pages(found)[0].steps] == [(0, True), (1, False)]


def test_a_responder_without_any_channel_is_nobody() -> None:
    assert calls(paged(with_policy([{"responder": "mute"}], [LEAD]))) == [("triggered", "lead", 1, 0)]


def test_with_nobody_in_any_step_the_fallback_is_called_now_in_the_same_round() -> None:
    found = paged(with_policy([NOBODY], [NOBODY], repeat=3, fallback=(LEAD,)))

    assert calls(found) == [("triggered", "lead", 2, 0)]
    assert said(found) == ["triggered", "exhausted"]
    assert pages(found)[0].state is PageState.EXHAUSTED


def test_without_any_fallback_the_page_still_shows_as_exhausted_and_looks_again_in_an_hour() -> None:
    found = paged(with_policy([NOBODY]))

    assert calls(found) == []
    assert (pages(found)[0].state, pages(found)[0].step_due_at) == (PageState.EXHAUSTED, NOW + timedelta(hours=1))


def test_a_policy_that_the_configuration_lost_leaves_the_page_exhausted_not_silent() -> None:
    found = paged()

    next_step(found, oncall(policies=[], paging=[]))

    assert pages(found)[0].state is PageState.EXHAUSTED


def test_who_comes_on_call_while_nobody_acknowledged_is_paged_too_and_once() -> None:
    found = paged()
    deliver(found)
    changed = oncall(schedules=[schedule("primary", ["ben"])])

    for _ in range(2):
        desk(changed).hand_over(found, pages(found)[0])

    assert calls(found) == [("triggered", "ana", 0, 0), ("triggered", "ben", 0, 0)]
    assert [p.responder for p in pages(found)[0].responders] == ["ana", "ben"]


def test_who_comes_on_call_in_a_schedule_of_an_earlier_step_is_paged_in_the_current_one() -> None:
    found = paged()
    next_step(found)

    desk(oncall(schedules=[schedule("primary", ["ben"])])).hand_over(found, pages(found)[0])

    assert calls(found)[-1] == ("escalated", "ben", 1, 0)


def test_who_fills_a_gap_is_paged() -> None:
    config = with_policy([NOBODY], [LEAD])
    found = paged(config)

    filled = config.model_copy(update={"schedules": oncall(schedules=[schedule("empty", ["ben"])]).schedules})
    desk(filled).hand_over(found, pages(found)[0])

    assert calls(found) == [("triggered", "lead", 1, 0), ("triggered", "ben", 1, 0)]


def test_two_targets_that_are_one_person_are_called_once() -> None:
    assert calls(paged(with_policy([{"schedule": "primary"}, ANA]))) == [("triggered", "ana", 0, 0)]


def test_a_refused_channel_makes_the_responders_next_one_due_at_once() -> None:
    found = paged()
    (first,) = attempts_of(found, "pager")

    refuse(found, first.attempt_id)

    (second,) = attempts_of(found, "phone")
    assert second.next_at == NOW + MINUTE
    assert pages(found)[0].step_due_at == NOW + 5 * MINUTE


def test_when_every_channel_of_a_step_is_refused_the_next_step_is_due_at_once() -> None:
    found = paged()

    for attempt in list(found.attempts.values()):
        refuse(found, attempt.attempt_id)

    assert pages(found)[0].step_due_at == NOW + MINUTE


def refuse(found: CasePages, attempt_id: object) -> None:
    attempt = next(a for a in found.attempts.values() if a.attempt_id == attempt_id)
    sending = attempt.__class__(**{**vars(attempt), "state": AttemptState.SENDING, "tries": 1})
    found.put_attempts([sending])
    settle(found, sending, Outcome(Result.REFUSED, error="HTTP 404"), 1, NOW + MINUTE, 0.5)
