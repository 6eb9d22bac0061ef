"""What opens, joins, supersedes and closes a page (semantics section 4)."""

import pytest

from services.notifier.delivery import NoticeType
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ActorKind, AttemptState, PageReasonKind, PageState, Urgency
from shared.ids import uuid7
from tests.unit.notifier.stories import NOW, attempts_of, calls, case, deliver, desk, oncall, pages, said, steps, take

ANA = Actor(kind=ActorKind.PERSON, id="ana")


def test_a_breach_opens_a_page_that_calls_who_is_on_call_by_own_rules() -> None:
    found = take(case(), "clock.breached", clock=uuid7())

    (page,) = pages(found)
    assert (page.state, page.urgency, page.step, page.round) == (PageState.TRIGGERED, Urgency.HIGH, 0, 0)
    assert [(p.responder, p.schedule, p.source) for p in page.responders] == [("ana", "primary", "weekly")]
    assert [(a.channel, (a.due_at - NOW).total_seconds()) for a in found.attempts.values()] == [
        ("pager", 0),
        ("phone", 120),
    ]
    assert said(found) == ["triggered"]


def test_a_further_breach_joins_and_only_current_targets_are_told() -> None:
    found = take(case(), "clock.breached", clock=uuid7())
    deliver(found)

    joined = uuid7()
    take(found, "clock.breached", clock=joined)

    assert len(pages(found)) == 1
    assert calls(found) == [("triggered", "ana", 0, 0), ("updated", "ana", 0, 0)]
    assert attempts_of(found, "pager")[1].about == str(joined)
    assert said(found) == ["triggered", "updated"]


def test_what_joins_before_the_page_has_left_is_told_by_the_page_itself() -> None:
    found = take(case(), "clock.breached", clock=uuid7())

    take(found, "clock.breached", clock=uuid7())

    assert calls(found) == [("triggered", "ana", 0, 0)]


def test_the_same_breach_read_twice_changes_nothing() -> None:
    clock = uuid7()
    found = take(case(), "clock.breached", clock=clock)

    take(found, "clock.breached", clock=clock)

    assert [len(page.reasons) for page in pages(found)] == [1]


def test_on_an_acknowledged_page_a_breach_is_a_new_page() -> None:
    found = take(case(), "clock.breached", clock=uuid7())
    desk().acknowledge(found, pages(found)[0], ANA)

    take(found, "clock.breached", clock=uuid7())

    assert [page.state for page in pages(found)] == [PageState.ACKNOWLEDGED, PageState.TRIGGERED]


@pytest.mark.parametrize(("first", "second"), [("medium", "critical"), ("high", "critical")])
def test_when_severity_or_urgency_rises_a_breach_is_a_new_page(first: str, second: str) -> None:
    found = take(case(), "clock.breached", clock=uuid7(), severity=first)

    take(found, "clock.breached", clock=uuid7(), severity=second)

    assert [page.severity for page in pages(found)] == [first, second]


def test_a_lower_severity_joins() -> None:
    found = take(case(), "clock.breached", clock=uuid7(), severity="critical")

    take(found, "clock.breached", clock=uuid7(), severity="high")

    assert len(pages(found)) == 1


def test_a_breach_never_joins_a_warnings_page_but_supersedes_it() -> None:
    clock = uuid7()
    found = take(case(), "clock.warned", clock=clock, percent=90)
    deliver(found)

    take(found, "clock.breached", clock=clock)

    warning, breach = pages(found)
    assert (warning.state, warning.closed_by) == (PageState.RESOLVED, "superseded")
    assert [reason.kind for reason in breach.reasons] == [PageReasonKind.BREACH]
    assert calls(found) == [("triggered", "ana", 0, 0), ("resolved", "ana", 0, 0), ("triggered", "ana", 0, 0)]


def test_nor_does_it_when_both_have_the_same_urgency() -> None:
    config = oncall(paging=[{"on": on, "policy": "safety", "urgency": "high"} for on in ("breach", "warning")])
    found = take(case(), "clock.warned", clock=uuid7(), percent=75, config=config)

    take(found, "clock.breached", clock=uuid7(), config=config)

    assert [page.state for page in pages(found)] == [PageState.RESOLVED, PageState.TRIGGERED]
    assert [len(page.reasons) for page in pages(found)] == [1, 1]


def test_a_warning_of_another_percent_pages_nobody() -> None:
    assert pages(take(case(), "clock.warned", clock=uuid7(), percent=75)) == []


@pytest.mark.parametrize("closer", ["clock.stopped", "clock.rescinded", "clock.cancelled", "case.resolved"])
def test_what_closes_a_breach(closer: str) -> None:
    clock = uuid7()
    found = take(case(), "clock.breached", clock=clock)

    take(found, closer, **({} if closer == "case.resolved" else {"clock": clock}))

    (page,) = pages(found)
    assert (page.state, page.closed_by) == (PageState.RESOLVED, f"tocsin.{closer}")


@pytest.mark.parametrize("closer", ["clock.met", "clock.retargeted", "clock.paused", "case.resolved"])
def test_what_closes_a_warning(closer: str) -> None:
    clock = uuid7()
    found = take(case(), "clock.warned", clock=clock, percent=90)

    take(found, closer, **({} if closer == "case.resolved" else {"clock": clock}))

    assert pages(found)[0].closed_by == f"tocsin.{closer}"


@pytest.mark.parametrize("stranger", ["clock.met", "clock.paused", "case.acknowledged", "assignment.offered"])
def test_what_does_not_close_a_breach(stranger: str) -> None:
    clock = uuid7()
    found = take(case(), "clock.breached", clock=clock)

    take(found, stranger, **({"clock": clock} if stranger.startswith("clock") else {}))

    assert pages(found)[0].state is PageState.TRIGGERED


def test_a_page_closes_when_its_last_open_reason_does() -> None:
    first, second = uuid7(), uuid7()
    found = take(take(case(), "clock.breached", clock=first), "clock.breached", clock=second)

    take(found, "clock.stopped", clock=first)
    assert pages(found)[0].state is PageState.TRIGGERED

    take(found, "clock.rescinded", clock=second)
    assert pages(found)[0].closed_by == "tocsin.clock.rescinded"


def test_unroutable_closes_when_somebody_claims_the_case() -> None:
    found = take(case(), "assignment.unroutable")
    take(found, "assignment.accepted")
    [page] = pages(found)
    assert page.state is PageState.RESOLVED


def test_unroutable_closes_with_an_offer() -> None:
    found = take(case(), "assignment.unroutable")
    take(found, "assignment.unroutable")
    assert [len(page.reasons) for page in pages(found)] == [1]

    take(found, "assignment.offered")

    assert pages(found)[0].closed_by == "tocsin.assignment.offered"


def test_the_third_decline_pages_and_an_acceptance_closes() -> None:
    found = case()
    for declines in (1, 2):
        take(found, "assignment.declined", declines=declines)
    assert pages(found) == []

    take(found, "assignment.declined", declines=3)
    take(found, "assignment.declined", declines=4)
    assert [[reason.name for reason in page.reasons] for page in pages(found)] == [["3 declines"]]

    take(found, "assignment.accepted")
    assert pages(found)[0].closed_by == "tocsin.assignment.accepted"


def test_a_breach_of_a_resolved_case_is_recorded_and_nobody_is_told() -> None:
    found = case(status="resolved")

    take(found, "clock.breached", clock=uuid7())
    take(found, "clock.breached", clock=uuid7())

    (page,) = pages(found)
    assert (page.state, page.closed_by, len(page.reasons)) == (PageState.RESOLVED, "tocsin.case.resolved", 2)
    assert found.attempts == {}


def test_an_older_summary_does_not_bring_a_resolved_case_back() -> None:
    found = case(status="resolved", version=9)

    take(found, "clock.breached", clock=uuid7(), status="open", version=4)

    assert pages(found)[0].state is PageState.RESOLVED


def test_acknowledging_takes_back_what_is_queued_and_tells_those_who_got_it_once() -> None:
    found = take(case(), "clock.breached", clock=uuid7())
    deliver(found)

    acknowledged = desk().acknowledge(found, pages(found)[0], ANA)
    desk().acknowledge(found, acknowledged, Actor(kind=ActorKind.PERSON, id="ben"))

    assert (acknowledged.acknowledged_by, acknowledged.step_due_at) == ("ana", None)
    assert [a.state for a in attempts_of(found, "phone")] == [AttemptState.SUPPRESSED]
    assert calls(found) == [("triggered", "ana", 0, 0), ("acknowledged", "ana", 0, 0)]
    assert said(found) == ["triggered", "acknowledged"]


def test_closing_tells_those_who_got_it_but_not_those_whose_notice_never_left() -> None:
    clock = uuid7()
    found = take(case(), "clock.breached", clock=clock)

    take(found, "clock.stopped", clock=clock)

    assert {a.state for a in found.attempts.values()} == {AttemptState.SUPPRESSED}
    assert all(a.type is not NoticeType.RESOLVED for a in found.attempts.values())


def test_a_case_acknowledged_does_not_acknowledge_its_page() -> None:
    found = take(case(), "clock.breached", clock=uuid7())

    take(found, "case.acknowledged")

    assert pages(found)[0].state is PageState.TRIGGERED


def test_pages_of_two_policies_stand_beside_each_other() -> None:
    config = oncall(
        policies=[steps([{"responder": "ana"}]), {**steps([{"responder": "lead"}]), "id": "legal"}],
        paging=[
            {"on": "breach", "kinds": ["regulatory"], "policy": "legal", "urgency": "high"},
            {"on": "breach", "policy": "safety", "urgency": "high"},
        ],
    )
    found = take(case(), "clock.breached", clock=uuid7(), config=config)

    take(found, "clock.breached", clock=uuid7(), kind="regulatory", config=config)

    assert [page.policy for page in pages(found)] == ["safety", "legal"]
