"""What the people of the demo do next: the plan of each part, step by step, against cases as the services show them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.stack.demo.plan import PAGE_LIMIT, TRANSFER_LIMIT, Past, Seen, Step, Verb, next_step
from services.stack.demo.scripts import Act, Part, Scripted
from tests.support.shapes import NOON, an_id, assignment, case, clock, decision, page

REMOVE = Act("remove")
NOTHING: dict[str, datetime] = {}


def script(part: Part = Part.PLAIN, *acts: Act) -> Scripted:
    return Scripted(key="one", source="report-tool", fields={}, part=part, acts=acts or (REMOVE,))


def action(state: str, name: str = "remove", by: str = "ana") -> dict[str, Any]:
    return {"action_id": an_id(9), "action": name, "scope": "global", "state": state, "by": by, "at": NOON}


def step(
    scripted: Scripted, seen: Seen, done: dict[str, datetime] = NOTHING, age: timedelta = timedelta(seconds=1)
) -> Step | None:
    return next_step(scripted, seen, Past(done), NOON + age, NOON)


def verb(*arguments: Any, **named: Any) -> Verb | None:
    found = step(*arguments, **named)
    return found.verb if found else None


def held(**changes: Any) -> Seen:
    return Seen(case(status="acknowledged", **changes), assignment("ana", "accepted"))


def test_from_offer_to_resolved_the_specialist_does_every_step() -> None:
    plain = script()
    offered = step(plain, Seen(case(), assignment()))
    assert offered is not None
    assert (offered.verb, offered.by) == (Verb.ACCEPT, "ana")
    assert verb(plain, Seen(case(), assignment("ana", "accepted"))) is Verb.ACKNOWLEDGE
    assert verb(plain, held()) is Verb.ACT
    assert verb(plain, held(actions=[action("done")])) is Verb.RESOLVE
    assert verb(plain, Seen(case(status="resolved"))) is None


def test_nobody_does_anything_while_nobody_has_it() -> None:
    assert verb(script(), Seen(case())) is None
    assert verb(script(), Seen(case(), decision=decision("waiting"))) is None


def test_a_proposed_action_is_confirmed_by_the_lead() -> None:
    found = step(script(), held(actions=[action("proposed")]))
    assert found is not None
    assert (found.verb, found.by, found.body["confirms"]) == (Verb.ACT, None, str(an_id(9)))


def test_every_action_is_taken_before_resolving() -> None:
    both = script(Part.PLAIN, REMOVE, Act("suspend"))
    found = step(both, held(actions=[action("done")]))
    assert found is not None
    assert found.body["action"] == "suspend"


def test_an_action_in_some_regions_says_which() -> None:
    found = step(script(Part.PLAIN, Act("withhold_in_country", regions=("DE",))), held())
    assert found is not None
    assert (found.body["scope"], found.body["regions"]) == ("geo", ["DE"])


def test_the_first_offer_is_declined_once() -> None:
    declining = script(Part.DECLINED)
    offered = Seen(case(), assignment())
    assert verb(declining, offered) is Verb.DECLINE
    assert verb(declining, offered, {"decline": NOON}) is Verb.ACCEPT


def test_a_question_is_asked_and_answered_before_acting() -> None:
    asking = script(Part.PENDED)
    assert verb(asking, held()) is Verb.PEND
    assert verb(asking, Seen(case(status="pending"), assignment("ana", "accepted")), {"pend": NOON}) is Verb.RESUME
    assert verb(asking, held(), {"pend": NOON, "resume": NOON}) is Verb.ACT


def test_the_case_that_is_left_alone_waits_for_its_page_to_be_acknowledged() -> None:
    left = script(Part.LEFT)
    offered = assignment()
    assert verb(left, Seen(case(), offered)) is None
    assert verb(left, Seen(case(), offered, pages=(page("triggered"),))) is None
    assert verb(left, Seen(case(), offered, pages=(page("acknowledged"),))) is Verb.ACCEPT


def test_a_page_that_never_comes_does_not_hold_the_story_up() -> None:
    assert verb(script(Part.LEFT), Seen(case(), assignment()), age=PAGE_LIMIT + timedelta(seconds=1)) is Verb.ACCEPT


def unheard(**excluded_by: tuple[str, ...]) -> Seen:
    waiting = decision("unroutable", waiting_reason="language", excluded_by=excluded_by)
    return Seen(case(language="sw"), decision=waiting, pages=(page("acknowledged"),))


def test_a_language_nobody_has_goes_to_whom_only_the_language_kept_away() -> None:
    seen = unheard(ben=("off_shift", "language"), rosa=("language",), sana=("language",))
    found = step(script(Part.UNHEARD), seen)
    assert found is not None
    assert (found.verb, found.by, found.body["to"]) == (Verb.TRANSFER, None, {"specialist": "rosa"})


def test_until_its_page_was_seen_to_the_lead_does_not_help() -> None:
    seen = unheard(rosa=("language",))
    out = Seen(seen.case, decision=seen.decision, pages=(page("triggered"),))
    assert verb(script(Part.UNHEARD), out) is None
    assert verb(script(Part.UNHEARD), out, age=PAGE_LIMIT) is Verb.TRANSFER


def transferred(status: str = "open", decided: timedelta = -timedelta(seconds=1)) -> Seen:
    """Handed to rosa at noon; the router's last decision, still that nobody can, was `decided` after that."""
    waiting = decision("unroutable", waiting_reason="language", decided_at=NOON + decided)
    return Seen(case(language="sw", status=status), decision=waiting, pages=(page("acknowledged"),))


def test_while_the_router_has_not_decided_on_a_transfer_nobody_interferes() -> None:
    assert verb(script(Part.UNHEARD), transferred(), {"transfer": NOON}) is None


@pytest.mark.parametrize(("status", "expected"), [("open", Verb.ACKNOWLEDGE), ("acknowledged", Verb.RESOLVE)])
@pytest.mark.parametrize(
    ("decided", "age"),
    [(timedelta(seconds=1), timedelta(seconds=2)), (-timedelta(seconds=1), TRANSFER_LIMIT * 2)],
    ids=["refused", "never decided"],
)
def test_a_transfer_that_leads_nowhere_is_ended_by_the_lead(
    status: str, expected: Verb, decided: timedelta, age: timedelta
) -> None:
    found = step(script(Part.UNHEARD), transferred(status, decided), {"transfer": NOON}, age=age)
    assert found is not None
    assert (found.verb, found.by) == (expected, None)


def test_with_nobody_to_give_it_to_the_lead_ends_it() -> None:
    assert verb(script(Part.UNHEARD), unheard(ben=("off_shift", "language"))) is Verb.ACKNOWLEDGE


def test_the_page_that_matters_is_the_one_nobody_answered() -> None:
    pages = (page("resolved"), page("triggered"), page("acknowledged"))
    loud = Seen(case(), pages=pages).loud
    assert loud is not None
    assert loud.state == "triggered"


def test_the_next_clock_is_the_soonest_that_was_not_stopped() -> None:
    late = clock("acknowledge", state="breached", due_at=NOON, stopped_at=NOON)
    clocks = (clock("resolve"), late, clock("first_action", due_at=NOON + timedelta(minutes=5)))
    upcoming = Seen(case(), clocks=clocks).next_clock
    assert upcoming is not None
    assert upcoming.name == "first_action"
