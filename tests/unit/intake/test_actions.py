"""Actions: what the taxonomy allows, and two persons where it asks for them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.case import Case, Who
from services.intake.commands import Act
from services.intake.refusal import Invalid, Reason, Refusal
from services.intake.transitions import decide
from shared.contracts.views import ActionView
from tests.unit.intake.cases import ANA, BEN, NOW, case, context


def act(start: Case, who: Who = ANA, **fields: Any) -> Case:
    body = {"action": "remove", "scope": "global", "reason": "x", **fields}
    return decide(start, Act.model_validate(body), context(who)).steps[-1].case


def refused(start: Case, who: Who = ANA, **fields: Any) -> Reason:
    with pytest.raises(Refusal) as found:
        act(start, who, **fields)
    return found.value.reason


def faulty(start: Case, who: Who = ANA, **fields: Any) -> tuple[str | int, ...]:
    with pytest.raises(Invalid) as found:
        act(start, who, **fields)
    return found.value.faults[0].loc


def only(found: Case) -> ActionView:
    (item,) = found.actions
    return item


def test_a_plain_action_is_done_at_once() -> None:
    at = NOW + timedelta(seconds=5)
    item = only(act(case(), scope="geo", regions=["DE", "FR"], occurred_at=at))

    assert (item.state, item.by, item.confirmed_by, item.at, item.regions) == ("done", "ana", None, at, ("DE", "FR"))


def test_two_persons_propose_and_confirm() -> None:
    proposed = act(case(), action="suspend")
    done = act(proposed, BEN, action="suspend", confirms=only(proposed).action_id)

    assert only(proposed).state == "proposed"
    assert (only(done).state, only(done).by, only(done).confirmed_by) == ("done", "ana", "ben")
    assert only(done).action_id == only(proposed).action_id


def test_nobody_confirms_alone_twice_or_something_else() -> None:
    proposed = act(case(), action="suspend")
    confirms = only(proposed).action_id
    done = act(proposed, BEN, action="suspend", confirms=confirms)

    assert refused(proposed, ANA, action="suspend", confirms=confirms) is Reason.SAME_PRINCIPAL
    assert refused(proposed, BEN, action="remove", confirms=confirms) is Reason.NOT_THE_PROPOSAL
    assert refused(done, BEN, action="suspend", confirms=confirms) is Reason.ALREADY_DONE
    assert faulty(proposed, BEN, action="suspend", confirms=UUID(int=99)) == ("confirms",)


def test_the_taxonomy_decides_what_there_is() -> None:
    assert faulty(case(), action="nonsense") == ("action",)
    assert faulty(case(), action="suspend", scope="geo", regions=["DE"]) == ("scope",)
    assert faulty(case(), action="withhold_in_country") == ("scope",)


def test_regions_belong_to_geo_and_are_countries() -> None:
    assert faulty(case(), scope="geo") == ("regions",)
    assert faulty(case(), regions=["DE"]) == ("regions",)
    assert faulty(case(), scope="geo", regions=["DE", "EU"]) == ("regions", 1)
