"""Hooks over the real application and database: verified, taken once, and what they do to pages."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.notifier.app import build
from services.notifier.delivery import Attempt
from services.notifier.store import hooks
from shared.clock import SystemClock
from shared.config.holder import ConfigHolder
from shared.contracts.vocabulary import AttemptState, PageState
from shared.ids import uuid7
from shared.observability.metrics import Metrics
from shared.runtime.resources import Resources
from shared.settings import Settings
from tests.integration.notifier.harness import Case, Desk
from tests.support.hooks import PAGERDUTY_SECRET, SLACK_SECRET, TWILIO_TOKEN, Request, click, pagerduty, slack, twilio
from tests.support.waiting import wait_until

BASE = "https://tocsin.test"
NUMBER = "+4930123456"
SECRETS = {"SLACK_SIGNING": SLACK_SECRET, "TWILIO_TOKEN": TWILIO_TOKEN, "PD_HOOK": PAGERDUTY_SECRET}
CHANNELS = [
    {"id": "room", "kind": "slack", "channel": "C0", "token": "env:SLACK", "signing_secret": "env:SLACK_SIGNING"},
    {"id": "pd", "kind": "pagerduty", "routing_key": "env:PD", "webhook_secret": "env:PD_HOOK"},
    {
        "id": "sms-ana",
        "kind": "twilio_sms",
        "to": NUMBER,
        "account": "AC1",
        "token": "env:TWILIO_TOKEN",
        "from": "+15005550006",
    },
]


@pytest.fixture
def files(files: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Ana is reached by Slack, PagerDuty and text message, and known to Slack; what follows is a minute later."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    files["channels"]["channels"] += CHANNELS
    ana = files["oncall"]["responders"][0]
    ana["slack"] = "U0ANA"
    after = {"room": "PT0S", "pd": "PT0S", "sms-ana": "PT0S", "pager": "PT1H"}
    ana["rules"]["high"] = [{"channel": channel, "after": delay} for channel, delay in after.items()]
    return files


@pytest.fixture
async def http(desk: Desk, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The application, without a key."""
    metrics = Metrics("notifier")
    holder = ConfigHolder(tmp_path / "config", SystemClock(), metrics)
    settings = Settings(secret_key="a secret of tests", public_url=BASE)
    resources = Resources("notifier", settings, SystemClock(), desk.db, holder, metrics)
    transport = httpx.ASGITransport(build(settings, resources).api, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://inside") as client:
        yield client


@pytest.fixture
async def page_id(desk: Desk) -> Any:
    """A page whose attempts have all come to rest: the providers' as if they had been sent."""
    await desk.take(Case().clock("breached", uuid7()))
    page = await desk.page()

    async def at_rest() -> bool:
        waiting = {AttemptState.PENDING, AttemptState.SENDING}
        return not any(a.state in waiting for a in await desk.attempts(page.page_id) if a.channel != "pager")

    await wait_until(at_rest, what="attempts at rest")
    await desk.dispatcher.stop()
    async with desk.db.connection() as connection:
        await connection.execute(
            "UPDATE attempt SET state = 'sent', next_at = NULL, error = NULL, at = statement_timestamp(), "
            "provider_ref = 'ref of ' || channel WHERE channel <> 'pager'"
        )
        await connection.execute(
            "UPDATE attempt SET state = 'pending', tries = 0, at = NULL, provider_ref = NULL, error = NULL, "
            "due_at = due_at + interval '1 hour', next_at = due_at + interval '1 hour' WHERE channel = 'pager'"
        )
    return page.page_id


async def post(http: httpx.AsyncClient, request: Request, **headers: str) -> httpx.Response:
    return await http.post(f"/v1/hooks/{request.path}", content=request.body, headers={**request.headers, **headers})


async def attempt(desk: Desk, page_id: Any, channel: str) -> Attempt:
    (found,) = [a for a in await desk.attempts(page_id) if a.channel == channel and a.type.value == "page.triggered"]
    return found


def receipt(status: str, *, ref: str = "ref of sms-ana", delivery: str = "d-1", **rest: str) -> Request:
    return twilio({"MessageSid": ref, "MessageStatus": status, **rest}, base=BASE, delivery=delivery)


async def test_a_click_in_slack_acknowledges_in_the_name_of_who_clicked(
    http: httpx.AsyncClient, desk: Desk, page_id: Any
) -> None:
    answer = await post(http, slack(click(page_id), at=time.time()))

    page = await desk.page()
    assert (answer.status_code, answer.content) == (200, b"")
    assert (page.state, page.acknowledged_by) == (PageState.ACKNOWLEDGED, "ana")
    assert (await attempt(desk, page_id, "pager")).state is AttemptState.SUPPRESSED


async def test_a_click_by_somebody_whom_nobody_knows_acknowledges_nothing(
    http: httpx.AsyncClient, desk: Desk, page_id: Any
) -> None:
    answer = await post(http, slack(click(page_id, user="U0STRANGER"), at=time.time()))

    assert (answer.status_code, (await desk.page()).state) == (200, PageState.TRIGGERED)


@pytest.mark.parametrize("kind", ["incident.acknowledged", "incident.resolved"])
async def test_an_incident_handled_at_pagerduty_acknowledges_its_page(
    http: httpx.AsyncClient, desk: Desk, page_id: Any, kind: str
) -> None:
    answer = await post(http, pagerduty(kind, page_id))

    page = await desk.page()
    assert answer.status_code == 204
    assert (page.state, page.acknowledged_by) == (PageState.ACKNOWLEDGED, "channel:pd")


async def test_a_key_pressed_in_a_call_acknowledges_and_the_caller_hears_so(
    http: httpx.AsyncClient, desk: Desk, page_id: Any
) -> None:
    fields = {"CallSid": "ref of sms-ana", "Digits": "1", "CallStatus": "in-progress"}

    answer = await post(http, twilio(fields, base=BASE))

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert b"<Say>Acknowledged" in answer.content
    assert (await desk.page()).acknowledged_by == "ana"


async def test_a_text_in_reply_acknowledges_what_that_number_was_last_told(
    http: httpx.AsyncClient, desk: Desk, page_id: Any
) -> None:
    for number, state in (("+15005550001", PageState.TRIGGERED), (NUMBER, PageState.ACKNOWLEDGED)):
        fields = {"MessageSid": "SM9", "SmsStatus": "received", "From": number, "Body": "Ack"}
        assert (await post(http, twilio(fields, base=BASE))).status_code == 204
        assert (await desk.page()).state is state


async def test_receipts_move_an_attempt_by_rank_in_whatever_order_they_come(
    http: httpx.AsyncClient, desk: Desk, page_id: Any
) -> None:
    before = len(await desk.outbox((await desk.page()).key))

    for status in ("sending", "delivered", "sent", "undelivered", "queued"):
        assert (await post(http, receipt(status))).status_code == 204

    found = await attempt(desk, page_id, "sms-ana")
    assert (found.state, found.error) == (AttemptState.DELIVERED, None)
    said = [name for _, name in await desk.outbox((await desk.page()).key)]
    assert said[before:] == ["attempted"]


async def test_what_was_not_delivered_makes_the_next_channel_due_at_once(
    http: httpx.AsyncClient, desk: Desk, page_id: Any
) -> None:
    assert (await post(http, receipt("undelivered", ErrorCode="30003"))).status_code == 204

    failed, following = await attempt(desk, page_id, "sms-ana"), await attempt(desk, page_id, "pager")
    assert (failed.state, failed.error) == (AttemptState.FAILED, "undelivered 30003")
    assert following.next_at is not None
    assert failed.at is not None
    assert following.next_at <= failed.at


async def test_a_receipt_that_overtakes_the_outcome_is_known_by_the_attempt_in_its_url(
    http: httpx.AsyncClient, desk: Desk, page_id: Any
) -> None:
    found = await attempt(desk, page_id, "sms-ana")
    async with desk.db.connection() as connection:
        await connection.execute(
            "UPDATE attempt SET state = 'sending', provider_ref = NULL WHERE attempt_id = $1", found.attempt_id
        )
    fields = {"MessageSid": "SM-new", "MessageStatus": "delivered"}

    await post(http, twilio(fields, base=BASE, query=f"attempt={found.attempt_id}"))

    found = await attempt(desk, page_id, "sms-ana")
    assert (found.state, found.provider_ref) == (AttemptState.DELIVERED, "SM-new")


async def test_the_same_delivery_again_is_answered_alike_and_changes_nothing(
    http: httpx.AsyncClient, desk: Desk, page_id: Any
) -> None:
    fields = {"CallSid": "ref of sms-ana", "Digits": "1"}
    first = await post(http, twilio(fields, base=BASE))
    said = await desk.outbox((await desk.page()).key)

    second = await post(http, twilio(fields, base=BASE))

    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert await desk.outbox((await desk.page()).key) == said


async def test_a_replay_under_another_delivery_id_is_refused(http: httpx.AsyncClient, desk: Desk, page_id: Any) -> None:
    for first, replay in (
        (pagerduty("incident.triggered", page_id), {"X-Webhook-Id": "d-2"}),
        (receipt("queued"), {"I-Twilio-Idempotency-Token": "d-2"}),
    ):
        assert (await post(http, first)).status_code == 204
        assert (await post(http, first, **replay)).status_code == 401
        assert (await post(http, first)).status_code == 204


async def test_wrong_stale_and_unsigned_deliveries_are_refused_and_do_nothing(
    http: httpx.AsyncClient, desk: Desk, page_id: Any
) -> None:
    now = time.time()
    refused = [
        slack(click(page_id), at=now - 301),
        slack(click(page_id), at=now + 301),
        slack(click(page_id), at=now, secret="another"),
        pagerduty("incident.acknowledged", page_id, secret="another"),
        twilio({"CallSid": "ref of sms-ana", "Digits": "1"}, base="https://elsewhere.test"),
        twilio({"CallSid": "ref of sms-ana", "Digits": "1"}, base=BASE, token="another"),
        *(Request(name, b"{}") for name in ("slack", "pagerduty", "twilio")),
    ]
    for request in refused:
        answer = await post(http, request)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), request
    assert (await desk.page()).state is PageState.TRIGGERED


async def test_without_a_secret_in_the_configuration_nothing_is_genuine(
    http: httpx.AsyncClient, desk: Desk, page_id: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name)

    for request in (slack(click(page_id), at=time.time()), pagerduty("incident.acknowledged", page_id)):
        assert (await post(http, request)).status_code == 401


async def test_what_is_unknown_is_taken_without_effect(http: httpx.AsyncClient, desk: Desk, page_id: Any) -> None:
    unknown = [
        (pagerduty("incident.acknowledged", uuid7()), 204),
        (pagerduty("incident.acknowledged", "not a page"), 204),
        (slack(click(uuid7()), at=time.time()), 200),
        (receipt("delivered", ref="SM-unknown"), 204),
        (twilio({"CallSid": "CA-unknown", "Digits": "1"}, base=BASE), 200),
    ]
    for request, status in unknown:
        assert (await post(http, request)).status_code == status, request
    assert (await http.post("/v1/hooks/telegram", content=b"")).status_code == 404
    assert (await desk.page()).state is PageState.TRIGGERED


async def test_a_secret_reaches_only_what_went_out_over_its_channels(
    http: httpx.AsyncClient, desk: Desk, page_id: Any
) -> None:
    async with desk.db.connection() as connection:
        await connection.execute("UPDATE attempt SET channel = 'elsewhere' WHERE channel IN ('room', 'pd')")

    await post(http, slack(click(page_id), at=time.time()))
    await post(http, pagerduty("incident.acknowledged", page_id))

    assert (await desk.page()).state is PageState.TRIGGERED


async def test_a_body_beyond_the_limit_is_refused_before_anything_else(http: httpx.AsyncClient, desk: Desk) -> None:
    answer = await http.post("/v1/hooks/slack", content=b"x" * (1024 * 1024 + 1))

    assert answer.status_code == 413


async def test_deliveries_are_forgotten_after_every_providers_last_retry(
    http: httpx.AsyncClient, desk: Desk, page_id: Any
) -> None:
    await post(http, receipt("queued"))
    async with desk.db.transaction() as tx:
        await tx.execute("UPDATE hook_delivery SET taken_at = taken_at - interval '399 days'")
        assert await hooks.expire(tx, 10) == 0
        await tx.execute("UPDATE hook_delivery SET taken_at = taken_at - interval '2 days'")
        assert await hooks.expire(tx, 10) == 1
