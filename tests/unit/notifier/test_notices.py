"""The body of a notice: what it carries, what it never carries, and that it stays small."""

from datetime import UTC, datetime

import orjson
from standardwebhooks import Webhook

from services.notifier.channels.webhook import signed_headers
from services.notifier.delivery import NoticeType
from services.notifier.notices import LARGEST, Notice
from services.notifier.pages import Reason
from shared.contracts.vocabulary import PageReasonKind
from shared.ids import uuid7
from tests.unit.notifier.stories import NOW, page, summary
from tests.unit.notifier.test_delivery import attempt

URL = "https://tocsin.test/v1/ack/token"


def test_the_body_is_that_of_the_contract() -> None:
    clock = {"clock_id": str(uuid7()), "name": "resolve"}
    found = page(reasons=(Reason(PageReasonKind.BREACH, NOW, uuid7(), "resolve", clock=clock),))

    body = orjson.loads(Notice(attempt(), found, summary(), URL).body())

    assert (body["type"], body["timestamp"]) == ("page.triggered", "2026-11-22T17:00:00Z")
    assert set(body["data"]) == {"page", "case", "clock", "responder", "ack_url"}
    assert body["data"]["page"]["page_id"] == str(found.page_id)
    assert body["data"]["clock"] == clock
    assert (body["data"]["responder"], body["data"]["ack_url"]) == ("ana", URL)
    assert "attempts" not in body["data"]["page"]


def test_an_update_is_about_the_clock_that_joined() -> None:
    first, second = uuid7(), uuid7()
    reasons = [Reason(PageReasonKind.BREACH, NOW, id_, "n", clock={"clock_id": str(id_)}) for id_ in (first, second)]
    update = attempt(type=NoticeType.UPDATED, about=str(second))

    clock = Notice(update, page(reasons=tuple(reasons)), summary(), URL).clock()

    assert clock == {"clock_id": str(second)}


def test_a_page_without_a_case_has_neither_case_nor_clock() -> None:
    found = page(reasons=(Reason(PageReasonKind.PLATFORM, NOW),))

    data = orjson.loads(Notice(attempt(), found, None, URL).body())["data"]

    assert (data["case"], data["clock"]) == (None, None)


def test_a_body_stays_below_what_standard_webhooks_allow() -> None:
    reasons = tuple(Reason(PageReasonKind.BREACH, NOW, uuid7(), "x" * 100) for _ in range(400))
    crowd = [f"specialist-{n}-{'x' * 80}" for n in range(500)]

    body = Notice(attempt(), page(reasons=reasons), summary(excluded_specialists=crowd), URL).body()

    assert len(body) < LARGEST
    assert orjson.loads(body)["data"]["case"]["severity"] == "critical"


def test_a_signature_is_the_one_of_the_published_example() -> None:
    body = b'{"test": 2432232314}'
    at = datetime.fromtimestamp(1614265330, UTC)

    headers = signed_headers("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_the_reference_library_takes_what_is_signed_now() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = Notice(attempt(), page(), summary(), URL).body()

    headers = signed_headers(secret, str(uuid7()), datetime.now(UTC), body)

    assert Webhook(secret).verify(body, headers)["type"] == "page.triggered"
