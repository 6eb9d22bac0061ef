"""Each row of the crash table: the process is killed at that very point, and the promise holds all the same.

Every test shows that its point was reached (the mark), that the process died there (SIGKILL), and what
the callers, the services and the pager see after the next start.
"""

import signal
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from tests.support.caller import Caller, escalation
from tests.support.installation import Installation
from tests.support.pager import Pager
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(180)

ABOUT_TO_BREACH = timedelta(minutes=5) - timedelta(seconds=6)
"""So long ago was a critical report received whose acknowledge clock of five minutes runs out in six seconds."""


def ended_at(installation: Installation, service: str, point: str) -> None:
    """The service died by its own SIGKILL, at that point."""
    assert installation.wait_dead(service) == -signal.SIGKILL
    assert installation.mark(point).read_text().startswith(point.split(":")[0])


def critical_about_to_breach() -> dict[str, str]:
    received = datetime.now(UTC) - ABOUT_TO_BREACH
    return {"severity": "critical", "received_at": received.isoformat()}


def test_intake_before_commit_gives_no_2xx_and_the_retry_makes_one_case(
    installation: Installation, tool: Caller, lead: Caller
) -> None:
    installation.start("intake", crash_at="intake.before_commit")
    installation.wait_ready("intake")
    body, retry = escalation(), str(uuid4())
    with pytest.raises(httpx.HTTPError):
        tool.post("intake", "/v1/escalations", body, idempotency_key=retry)
    ended_at(installation, "intake", "intake.before_commit")

    installation.start("intake")
    installation.wait_ready("intake")
    assert lead.items("intake", "/v1/cases") == []
    answer = tool.post("intake", "/v1/escalations", body, idempotency_key=retry)
    assert answer.status_code == 202
    assert "Idempotency-Replayed" not in answer.headers
    assert [case["case_id"] for case in lead.items("intake", "/v1/cases")] == [answer.json()["case_id"]]


def test_intake_after_commit_answers_the_retry_from_what_was_stored(
    installation: Installation, tool: Caller, lead: Caller
) -> None:
    installation.start("intake", crash_at="intake.after_commit")
    installation.wait_ready("intake")
    body, retry = escalation(), str(uuid4())
    with pytest.raises(httpx.HTTPError):
        tool.post("intake", "/v1/escalations", body, idempotency_key=retry)
    ended_at(installation, "intake", "intake.after_commit")

    installation.start("intake")
    installation.wait_ready("intake")
    stored = lead.items("intake", "/v1/cases")
    answer = tool.post("intake", "/v1/escalations", body, idempotency_key=retry)
    assert answer.status_code == 202
    assert answer.headers["Idempotency-Replayed"] == "true"
    assert [case["case_id"] for case in stored] == [answer.json()["case_id"]]


@pytest.mark.parametrize("point", ["relay.before_send", "relay.after_send", "relay.before_delete"])
def test_relay_sends_again_in_order_and_readers_drop_what_they_have(
    installation: Installation, tool: Caller, lead: Caller, point: str
) -> None:
    installation.start("router")
    installation.start("intake", crash_at=point)
    installation.wait_ready("router", "intake")
    case_id = tool.escalate()
    ended_at(installation, "intake", point)

    installation.start("intake")
    installation.wait_ready("intake")
    lead.wait_items("router", "/v1/assignments", lambda items: len(items) == 1, case_id=case_id)
    lead.command(case_id, "note", text="after the crash", visibility="internal")
    wait_for(lambda: _pending(installation, "intake") == 0, what="an empty outbox")
    assert _gaps(installation, "router") == 0
    assert len(lead.assignments(case_id)) == 1


@pytest.mark.parametrize("point", ["consumer.before_transaction", "consumer.in_transaction", "consumer.after_commit"])
def test_consumer_reads_on_from_its_position(
    installation: Installation, tool: Caller, lead: Caller, point: str
) -> None:
    installation.start("intake")
    installation.start("router", crash_at=point)
    installation.wait_ready("intake", "router")
    case_id = tool.escalate()
    ended_at(installation, "router", point)

    installation.start("router")
    installation.wait_ready("router")
    lead.wait_items("router", "/v1/assignments", lambda items: len(items) == 1, case_id=case_id)
    assert _gaps(installation, "router") == 0


@pytest.mark.parametrize("point", ["matcher.in_transaction", "matcher.after_commit"])
def test_the_next_matcher_gives_the_case_to_one_specialist_once(
    installation: Installation, tool: Caller, lead: Caller, point: str
) -> None:
    installation.start("intake")
    installation.start("router", crash_at=point)
    installation.wait_ready("intake", "router")
    case_id = tool.escalate()
    ended_at(installation, "router", point)

    installation.start("router")
    installation.wait_ready("router")
    [assignment] = lead.wait_items("router", "/v1/assignments", lambda items: len(items) == 1, case_id=case_id)
    assert assignment["state"] == "offered"
    wait_for(lambda: "assignment.offered" in lead.timeline(case_id), what="the offer in the timeline")
    assert lead.timeline(case_id).count("assignment.offered") == 1
    [ana] = [s for s in lead.items("router", "/v1/specialists") if s["id"] == assignment["specialist"]]
    assert ana["load"] == 1


@pytest.mark.parametrize("point", ["timer.before_fire", "timer.in_transaction", "timer.after_fire"])
def test_a_clock_breaches_once_whatever_the_sweeper_dies_of(
    installation: Installation, tool: Caller, lead: Caller, pager: Pager, point: str
) -> None:
    installation.start("intake", "router", "notifier")
    installation.start("sla_monitor", crash_at=point)
    installation.wait_ready()
    case_id = tool.escalate(**critical_about_to_breach())
    ended_at(installation, "sla_monitor", point)

    installation.start("sla_monitor")
    installation.wait_ready("sla_monitor")
    pager.wait_for(1, case_id=case_id, type="page.triggered", within=45)
    wait_for(
        lambda: [c["state"] for n, c in lead.clocks(case_id).items() if n == "acknowledge"] == ["breached"],
        what="the breached clock",
    )
    wait_for(lambda: "clock.breached" in lead.timeline(case_id), what="the breach in the timeline")
    assert lead.timeline(case_id).count("clock.breached") == 1
    assert len(pager.ids(case_id=case_id, type="page.triggered")) == 1


@pytest.mark.parametrize("point", ["notifier.before_send", "notifier.after_send", "notifier.after_outcome"])
def test_a_page_keeps_its_webhook_id_through_every_crash(
    installation: Installation, tool: Caller, lead: Caller, pager: Pager, point: str
) -> None:
    installation.start("intake", "router", "sla_monitor")
    installation.start("notifier", crash_at=point)
    installation.wait_ready()
    case_id = tool.escalate(**critical_about_to_breach())
    ended_at(installation, "notifier", point)

    installation.start("notifier")
    installation.wait_ready("notifier")
    pager.wait_for(1, case_id=case_id, type="page.triggered", within=45)
    [page] = lead.wait_items("notifier", "/v1/pages", lambda items: len(items) == 1, case_id=case_id)
    wait_for(lambda: _attempt_states(lead, page["page_id"]) == ["sent"], what="the attempt to be settled")
    assert len(pager.ids(case_id=case_id, type="page.triggered")) == 1
    assert all(notification.signed for notification in pager.notifications)


def _attempt_states(lead: Caller, page_id: str) -> list[str]:
    answer = lead.get("notifier", f"/v1/pages/{page_id}")
    return [attempt["state"] for attempt in answer.json()["attempts"]] if answer.status_code == 200 else []


def _sample(installation: Installation, service: str, name: str) -> float:
    """The sum over all labels of one metric."""
    text = httpx.get(f"{installation.url(service)}/metrics", timeout=10).text
    lines = [line for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
    assert lines or name.endswith("_total"), f"{name} is not exported by {service}"
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def _pending(installation: Installation, service: str) -> float:
    return _sample(installation, service, "tocsin_outbox_pending")


def _gaps(installation: Installation, service: str) -> float:
    return _sample(installation, service, "tocsin_sequence_gaps_total")
