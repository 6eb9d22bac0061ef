"""What the audit keeps of a command: what was asked, in fixed words; nothing that a person wrote."""

from typing import Any

import pytest

from services.intake.commands import COMMANDS, Act, PendCommand, Reclassify, Transfer, asked

SECRET = "the words of somebody"


@pytest.mark.parametrize("kind", COMMANDS)
def test_no_text_of_any_command_is_kept(kind: Any) -> None:
    given = {
        "reason": SECRET,
        "text": SECRET,
        "summary": SECRET,
        "root_cause": SECRET,
        "action": "remove",
        "scope": "global",
        "severity": "high",
        "to": {"pool": "latam"},
        "outcome": "violation",
        "kind": "appeal",
    }
    command = kind(**{name: given[name] for name in kind.model_fields if name in given})
    assert SECRET not in str(asked(command))


def test_what_was_asked_is_kept_in_fixed_words() -> None:
    act = Act.model_validate({"action": "remove", "scope": "geo", "regions": ["DE"], "duration": "P30D", "reason": "x"})
    assert asked(act) == {"action": "remove", "scope": "geo", "regions": ["DE"], "duration": "P30D"}
    transfer = Transfer.model_validate({"to": {"specialist": "ana"}, "reason": "x", "override_exposure": True})
    assert asked(transfer) == {"to": {"specialist": "ana"}, "override_exposure": True}
    assert asked(Reclassify.model_validate({"severity": "high", "reason": "x"})) == {"severity": "high"}
    assert asked(PendCommand.model_validate({"reason": "x", "until": "2026-03-01T00:00:00Z"})) == {
        "until": "2026-03-01T00:00:00Z"
    }
