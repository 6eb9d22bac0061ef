"""The table of commands and states, and what each command leads to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.intake.case import Case
from services.intake.commands import (
    COMMANDS,
    Acknowledge,
    Act,
    Command,
    NoteCommand,
    PendCommand,
    Reclassify,
    Reopen,
    Resolve,
    Resume,
    Transfer,
    Update,
)
from services.intake.refusal import Invalid, Reason, Refusal
from services.intake.transitions import ALLOWED, decide
from shared.contracts.vocabulary import CaseStatus
from tests.unit.intake.cases import ANA, BEN, NOW, after, case, context

O, A, P, R = CaseStatus  # noqa: E741 - open, acknowledged, pending, resolved
EXAMPLES: list[tuple[Command, dict[CaseStatus, CaseStatus | None]]] = [
    (Acknowledge(), {O: A, A: A, P: None, R: None}),
    (PendCommand(reason="more"), {O: None, A: P, P: P, R: None}),
    (Resume(), {O: None, A: None, P: A, R: None}),
    (Act.model_validate({"action": "remove", "scope": "global", "reason": "x"}), {O: O, A: A, P: P, R: None}),
    (Reclassify.model_validate({"severity": "low", "reason": "x"}), {O: O, A: A, P: P, R: None}),
    (Transfer.model_validate({"to": {"specialist": "ben"}, "reason": "x"}), {O: O, A: O, P: O, R: None}),
    (Update(text="x"), {O: O, A: A, P: P, R: None}),
    (NoteCommand(text="x"), {O: O, A: A, P: P, R: R}),
    (Resolve.model_validate({"outcome": "violation", "summary": "x"}), {O: R, A: R, P: R, R: None}),
    (Reopen.model_validate({"kind": "error", "reason": "x"}), {O: None, A: None, P: None, R: O}),
]


def case_in(status: CaseStatus) -> Case:
    """A case in that state, in ben's hands where it is in anybody's."""
    commands: dict[CaseStatus, list[Command]] = {
        O: [],
        A: [Acknowledge()],
        P: [Acknowledge(), PendCommand(reason="first")],
        R: [Resolve.model_validate({"outcome": "no_violation", "summary": "x"})],
    }
    return after(case(), *commands[status], who=BEN)


def test_the_table_has_every_command() -> None:
    assert set(ALLOWED) == set(COMMANDS) == {type(command) for command, _ in EXAMPLES}


@pytest.mark.parametrize(("command", "row"), EXAMPLES, ids=[command.name for command, _ in EXAMPLES])
def test_each_command_leads_where_the_table_says(command: Command, row: dict[CaseStatus, CaseStatus | None]) -> None:
    for status, expected in row.items():
        if expected is None:
            with pytest.raises(Refusal) as refused:
                decide(case_in(status), command, context())
            assert (refused.value.reason, refused.value.status) == (Reason.ILLEGAL_TRANSITION, 409)
        else:
            assert after(case_in(status), command).status is expected


@pytest.mark.parametrize(("command", "row"), EXAMPLES, ids=[command.name for command, _ in EXAMPLES])
def test_every_event_raises_the_version_by_one(command: Command, row: dict[CaseStatus, CaseStatus | None]) -> None:
    for status in (s for s, expected in row.items() if expected is not None):
        before = case_in(status)
        steps = decide(before, command, context()).steps
        assert [step.case.version for step in steps] == list(range(before.version + 1, before.version + len(steps) + 1))


def test_acknowledging_again_changes_nothing_and_another_takes_over() -> None:
    mine = after(case(), Acknowledge(), who=ANA)

    assert decide(mine, Acknowledge(), context(ANA, NOW + timedelta(hours=1))).steps == ()
    taken = after(mine, Acknowledge(), who=BEN, now=NOW + timedelta(hours=1))
    assert (taken.acknowledged_by, taken.acknowledged_at) == ("ben", mine.acknowledged_at)


def test_occurred_at_is_the_event_s_time_and_now_its_record() -> None:
    at = NOW + timedelta(seconds=10)
    (step,) = decide(case(), Acknowledge(occurred_at=at), context()).steps

    assert (step.occurred_at, step.case.acknowledged_at) == (at, at)
    assert step.case.recorded_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize("offset", [timedelta(seconds=-1), timedelta(minutes=1, seconds=1)])
@pytest.mark.parametrize("kind", [Acknowledge, Act, Resolve])
def test_occurred_at_before_receipt_or_after_now_is_a_fault(kind: Any, offset: timedelta) -> None:
    body = {"action": "remove", "scope": "global", "reason": "x", "outcome": "violation", "summary": "x"}
    known = {name: value for name, value in body.items() if name in kind.model_fields}

    with pytest.raises(Invalid) as invalid:
        decide(case(), kind.model_validate({**known, "occurred_at": NOW + offset}), context())

    assert invalid.value.faults[0].loc == ("occurred_at",)


def test_recorded_at_stays_where_it_is_when_the_clock_goes_back() -> None:
    later = after(case(), NoteCommand(text="x"), now=NOW + timedelta(hours=1))

    assert after(later, NoteCommand(text="y"), now=NOW).recorded_at == NOW + timedelta(hours=1)


def test_a_pend_that_is_over_is_ended_before_the_command() -> None:
    waiting = after(
        case(),
        Acknowledge(),
        PendCommand(reason="nap", until=NOW + timedelta(minutes=2)),
        now=NOW + timedelta(minutes=1),
    )

    steps = decide(waiting, NoteCommand(text="x"), context(now=NOW + timedelta(minutes=3))).steps

    assert [step.kind.type for step in steps] == ["tocsin.case.resumed", "tocsin.case.noted"]
    assert steps[0].occurred_at == NOW + timedelta(minutes=2)
    with pytest.raises(Refusal):
        decide(waiting, Resume(), context(now=NOW + timedelta(minutes=3)))


def test_resolving_and_reopening_leave_nothing_of_before() -> None:
    ended = after(case_in(P), Resolve.model_validate({"outcome": "violation", "summary": "Gone", "root_cause": "Raid"}))
    again = after(ended, Reopen.model_validate({"kind": "appeal", "reason": "x"}))

    assert (ended.pends, ended.outcome, ended.resolution and ended.resolution.by) == ((), "violation", "ana")
    assert (again.outcome, again.resolution, again.resolved_at, again.acknowledged_by) == (None, None, None, None)


def test_an_update_names_the_stakeholders() -> None:
    told = case(stakeholders=[{"address": "a@example.org"}])
    change: Any = decide(told, Update(text="x", language="de"), context()).steps[0].change

    assert [stakeholder.address for stakeholder in change.stakeholders] == ["a@example.org"]


def test_only_unresolved_cases_ask_for_a_slot() -> None:
    held = case(subject={"type": "post", "id": "p"})

    assert held.slot == ("post", "p", "violent_content")
    assert replace(held, status=R).slot is None
    assert case().slot is None
