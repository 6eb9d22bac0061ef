"""A legal hold: set by a done action that preserves, for its duration, and only ever made longer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.case import Case, Who
from services.intake.commands import Act, Resolve
from services.intake.summary import summary_of
from services.intake.transitions import decide
from shared.config.models import Action
from tests.unit.intake.cases import ANA, BEN, CONFIG, NOW, after, case, context

_ACTIONS = {
    **CONFIG.taxonomy.actions,
    "preserve": Action(name="Preserve", preserve=timedelta(days=90)),
    "preserve_both": Action(name="Preserve", preserve=timedelta(days=90), two_person=True),
}
HOLDING = replace(CONFIG, taxonomy=CONFIG.taxonomy.model_copy(update={"actions": _ACTIONS}))
AT = NOW + timedelta(minutes=1)


def act(start: Case, who: Who = ANA, **fields: Any) -> Case:
    command = Act.model_validate({"action": "preserve", "scope": "global", "reason": "x", **fields})
    return decide(start, command, context(who, config=HOLDING)).steps[-1].case


def test_an_action_that_preserves_holds_the_case_for_as_long_as_the_taxonomy_says() -> None:
    held = act(case())
    assert held.preserve_until == AT + timedelta(days=90)
    assert summary_of(held).preserve_until == held.preserve_until


def test_a_duration_given_with_it_counts_instead() -> None:
    assert act(case(), duration="P365D").preserve_until == AT + timedelta(days=365)


def test_a_hold_never_grows_shorter() -> None:
    held = act(case(), duration="P365D")
    assert act(held).preserve_until == AT + timedelta(days=365)
    assert act(held, duration="P400D").preserve_until == AT + timedelta(days=400)


def test_other_actions_hold_nothing_and_resolving_keeps_a_hold() -> None:
    assert act(case(), action="remove", duration="P30D").preserve_until is None
    resolve = Resolve.model_validate({"outcome": "violation", "summary": "x"})
    assert after(act(case()), resolve).preserve_until == AT + timedelta(days=90)


def test_a_hold_of_two_persons_begins_when_the_second_confirms() -> None:
    proposed = act(case(), action="preserve_both")
    assert proposed.preserve_until is None
    confirmed = act(proposed, BEN, action="preserve_both", confirms=str(proposed.actions[0].action_id))
    assert confirmed.preserve_until == AT + timedelta(days=90)


def test_a_duration_beyond_all_reason_is_refused() -> None:
    with pytest.raises(ValidationError, match="36500 days"):
        Act.model_validate({"action": "preserve", "scope": "global", "reason": "x", "duration": "P999999D"})
