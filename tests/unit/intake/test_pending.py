"""Reasons for waiting: a set, of which each may end by itself."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.case import Case, Pend
from services.intake.commands import Acknowledge, PendCommand, Resume
from services.intake.pending import expire
from services.intake.refusal import Invalid, Refusal
from services.intake.transitions import decide
from shared.contracts.vocabulary import CaseStatus
from tests.unit.intake.cases import NOW, after, case, context

SOON, LATER = NOW + timedelta(minutes=5), NOW + timedelta(minutes=9)


def waiting(*pends: PendCommand) -> Case:
    return after(case(), Acknowledge(), *pends)


def test_reasons_add_up_and_end_one_by_one() -> None:
    both = waiting(PendCommand(reason="a"), PendCommand(reason="b"))
    one = after(both, Resume(reason="a"))
    none = after(one, Resume(reason="b"))

    assert [pend.reason for pend in both.pends] == ["a", "b"]
    assert (one.status, one.pends) == (CaseStatus.PENDING, (Pend("b"),))
    assert (none.status, none.pends) == (CaseStatus.ACKNOWLEDGED, ())


def test_resuming_without_a_reason_ends_all() -> None:
    steps = decide(waiting(PendCommand(reason="a"), PendCommand(reason="b")), Resume(), context()).steps
    change: Any = steps[0].change

    assert len(steps) == 1
    assert (change.reason, change.reasons) == (None, ())
    assert steps[0].case.status is CaseStatus.ACKNOWLEDGED


def test_a_reason_that_does_not_hold_cannot_end() -> None:
    with pytest.raises(Refusal):
        decide(waiting(PendCommand(reason="a")), Resume(reason="b"), context())


def test_the_same_reason_again_is_nothing_new_unless_its_end_is() -> None:
    held = waiting(PendCommand(reason="a", until=SOON))

    assert decide(held, PendCommand(reason="a", until=SOON), context()).steps == ()
    assert after(held, PendCommand(reason="a", until=LATER)).pends == (Pend("a", LATER),)


def test_an_end_that_is_past_is_a_fault() -> None:
    with pytest.raises(Invalid):
        decide(waiting(), PendCommand(reason="a", until=NOW + timedelta(minutes=1)), context())


def test_each_reason_ends_at_its_own_instant() -> None:
    held = waiting(PendCommand(reason="b", until=LATER), PendCommand(reason="a", until=SOON), PendCommand(reason="c"))

    assert held.pend_until == SOON
    assert expire(held, now=SOON - timedelta(microseconds=1)) == ()
    first, second = expire(held, now=LATER)
    assert (first.occurred_at, second.occurred_at) == (SOON, LATER)
    assert second.case.pends == (Pend("c"),)
    assert second.case.status is CaseStatus.PENDING
    assert second.actor.kind == "system"


@given(minutes=st.lists(st.integers(1, 50) | st.none(), min_size=1, max_size=6), now=st.integers(0, 60))
def test_what_is_left_is_what_has_not_come(minutes: list[int | None], now: int) -> None:
    start = NOW + timedelta(minutes=1)
    pends = [
        PendCommand(reason=str(place), until=None if m is None else start + timedelta(minutes=m))
        for place, m in enumerate(minutes)
    ]
    held = waiting(*pends)

    steps = expire(held, now=start + timedelta(minutes=now))
    left = steps[-1].case if steps else held

    assert {p.reason for p in left.pends} == {str(n) for n, m in enumerate(minutes) if m is None or m > now}
    assert (left.status is CaseStatus.PENDING) == bool(left.pends)
    assert [step.occurred_at for step in steps] == sorted(step.occurred_at for step in steps)
