"""Signatures of providers against the vectors that they publish, and what genuine deliveries say."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from services.notifier.hooks import pagerduty, slack, twilio
from services.notifier.hooks.deliveries import FRESH, Click, Delivery, Handled, KeyPress, Receipt, Reply, Which
from shared.contracts.vocabulary import AttemptState
from shared.ids import uuid7
from tests.support import hooks as providers
from tests.support.hooks import PAGERDUTY_SECRET, SLACK_SECRET, TWILIO_TOKEN

FORM = "application/x-www-form-urlencoded"
NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)

# https://docs.slack.dev/authentication/verifying-requests-from-slack
SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SLACK_STAMP = 1531420618
SLACK_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"

# https://www.twilio.com/docs/usage/security
TWILIO_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
TWILIO_FIELDS = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+12349013030",
    "Digits": "1234",
    "From": "+12349013030",
    "To": "+18005551212",
}

PAGERDUTY_BODY = b'{"event":{"id":"01","event_type":"incident.acknowledged"}}'
PAGERDUTY_SIGNATURE = "v1=faef57d2b5d05d89eafbd8707d078da65c3ecaefed5c716b8d79db897bf31b8e"


def delivery(headers: dict[str, str], body: bytes, *, url: str = "", at: datetime = NOW) -> Delivery:
    return Delivery({k.lower(): v for k, v in headers.items()}, body, url, url.partition("?")[2], at)


def from_slack(body: bytes = SLACK_BODY, *, at: datetime | None = None, **headers: str) -> Delivery:
    signed = {"x-slack-request-timestamp": str(SLACK_STAMP), "x-slack-signature": SLACK_SIGNATURE}
    return delivery({**signed, **headers}, body, at=at or datetime.fromtimestamp(SLACK_STAMP, UTC))


def from_twilio(fields: dict[str, str], signature: str, *, url: str = TWILIO_URL) -> Delivery:
    return delivery({"content-type": FORM, "x-twilio-signature": signature}, urlencode(fields).encode(), url=url)


def test_slacks_published_example_is_genuine() -> None:
    assert slack.signed(from_slack(), SLACK_SECRET) is not None
    assert slack.signed(from_slack(), "another secret") is None
    assert slack.signed(from_slack(SLACK_BODY + b"x"), SLACK_SECRET) is None


@pytest.mark.parametrize("late", [FRESH, -FRESH])
def test_slacks_signature_holds_for_five_minutes_either_way(late: timedelta) -> None:
    sent = datetime.fromtimestamp(SLACK_STAMP, UTC)
    assert slack.signed(from_slack(at=sent + late), SLACK_SECRET) is not None
    assert slack.signed(from_slack(at=sent + late * 1.01), SLACK_SECRET) is None


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "1531420619", "٣", "9" * 30])
def test_a_time_that_was_not_signed_is_refused(stamp: str) -> None:
    assert slack.signed(from_slack(**{"x-slack-request-timestamp": stamp}), SLACK_SECRET) is None


@pytest.mark.parametrize(
    ("caller", "signature"),
    [("+12349013030", "0/KCTR6DLpKmkAf8muzZqo1nDgQ="), ("+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8=")],
)
def test_twilios_published_examples_are_genuine(caller: str, signature: str) -> None:
    found = from_twilio({**TWILIO_FIELDS, "Caller": caller, "From": caller}, signature)
    assert twilio.signed(found, TWILIO_TOKEN) is not None
    assert twilio.signed(found, "another token") is None


def test_any_other_field_value_or_url_is_not_what_twilio_signed() -> None:
    signature = "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
    assert twilio.signed(from_twilio({**TWILIO_FIELDS, "Digits": "1"}, signature), TWILIO_TOKEN) is None
    assert twilio.signed(from_twilio({**TWILIO_FIELDS, "More": "x"}, signature), TWILIO_TOKEN) is None
    assert twilio.signed(from_twilio(TWILIO_FIELDS, signature, url=TWILIO_URL + "&baz=3"), TWILIO_TOKEN) is None
    assert twilio.signed(from_twilio(TWILIO_FIELDS, ""), TWILIO_TOKEN) is None


@pytest.mark.parametrize("spelt", ["https://mycompany.com:443/myapp.php?foo=1&bar=2", TWILIO_URL])
def test_twilio_may_sign_the_url_with_or_without_its_port(spelt: str) -> None:
    signature = "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
    assert twilio.signed(from_twilio(TWILIO_FIELDS, signature, url=spelt), TWILIO_TOKEN) is not None


def test_a_body_that_twilios_signature_does_not_cover_is_refused() -> None:
    body = b'{"Digits": "1"}'
    for query, genuine in (("", False), (f"bodySHA256={hashlib.sha256(body).hexdigest()}", True)):
        url = "https://tocsin.test/v1/hooks/twilio" + (f"?{query}" if query else "")
        mac = twilio._signature(url, TWILIO_TOKEN).decode()
        headers = {"content-type": "application/json", "x-twilio-signature": mac}
        assert (twilio.signed(delivery(headers, body, url=url), TWILIO_TOKEN) is not None) is genuine


def test_pagerdutys_signature_is_over_the_body_alone_and_one_of_several_is_enough() -> None:
    for given in (PAGERDUTY_SIGNATURE, f"v1={'0' * 64},{PAGERDUTY_SIGNATURE}", f"{PAGERDUTY_SIGNATURE}, v1=x"):
        found = pagerduty.signed(delivery({"x-pagerduty-signature": given}, PAGERDUTY_BODY), PAGERDUTY_SECRET)
        assert found == PAGERDUTY_BODY


def test_what_is_not_pagerdutys_signature_is_refused() -> None:
    prefixed = hmac.new(PAGERDUTY_SECRET.encode(), b"v1:" + PAGERDUTY_BODY, hashlib.sha256).hexdigest()
    bare = PAGERDUTY_SIGNATURE.removeprefix("v1=")
    for given in ("", ",", f"v1={prefixed}", bare, f"v0={bare}", f"v1={bare.upper()}"):
        headers = {"x-pagerduty-signature": given}
        assert pagerduty.signed(delivery(headers, PAGERDUTY_BODY), PAGERDUTY_SECRET) is None, given
    assert pagerduty.signed(delivery({"x-pagerduty-signature": PAGERDUTY_SIGNATURE}, PAGERDUTY_BODY), "other") is None


def said_by_twilio(fields: dict[str, str], query: str = "") -> list[Any]:
    url = f"https://tocsin.test/v1/hooks/twilio?{query}"
    return list(twilio.read(delivery({"content-type": FORM}, urlencode(fields).encode(), url=url)))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("queued", AttemptState.SENT),
        ("sent", AttemptState.SENT),
        ("delivered", AttemptState.DELIVERED),
        ("read", AttemptState.DELIVERED),
        ("undelivered", AttemptState.FAILED),
        ("failed", AttemptState.FAILED),
        ("canceled", AttemptState.FAILED),
    ],
)
def test_what_the_status_of_a_message_means(status: str, state: AttemptState) -> None:
    (receipt,) = said_by_twilio({"MessageSid": "SM1", "MessageStatus": status})
    assert (receipt.which, receipt.state) == (Which("SM1"), state)


def test_a_failure_says_why() -> None:
    fields = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003"}
    assert said_by_twilio(fields) == [Receipt(Which("SM1"), AttemptState.FAILED, "undelivered 30003")]


def test_a_call_that_ends_is_a_receipt_and_only_a_key_acknowledges() -> None:
    attempt = uuid7()
    assert said_by_twilio({"CallSid": "CA1", "CallStatus": "completed"}) == [
        Receipt(Which("CA1"), AttemptState.DELIVERED)
    ]
    assert said_by_twilio({"CallSid": "CA1", "CallStatus": "in-progress", "Digits": ""}) == []
    assert said_by_twilio({"CallSid": "CA1", "Digits": "1"}, f"attempt={attempt}") == [KeyPress(Which("CA1", attempt))]


def test_a_call_that_a_machine_took_failed() -> None:
    (receipt,) = said_by_twilio({"CallSid": "CA1", "CallStatus": "completed", "AnsweredBy": "machine_start"})
    assert receipt.state is AttemptState.FAILED


@pytest.mark.parametrize("text", ["ACK", " ack ", "Ok", "1"])
def test_a_text_that_says_so_acknowledges(text: str) -> None:
    fields = {"MessageSid": "SM2", "SmsStatus": "received", "From": "+4930123456", "Body": text}
    assert said_by_twilio(fields) == [Reply("+4930123456")]


def test_a_text_that_says_anything_else_does_nothing() -> None:
    assert said_by_twilio({"MessageSid": "SM2", "SmsStatus": "received", "From": "+49", "Body": "what?"}) == []


def test_a_form_with_nul_or_too_many_fields_says_nothing() -> None:
    assert said_by_twilio({"MessageSid": "SM\0", "MessageStatus": "delivered"}) == []
    assert said_by_twilio({"MessageSid": "SM1", "MessageStatus": "sent", **{f"f{n}": "" for n in range(600)}}) == []


def said_by_slack(payload: Any) -> list[Any]:
    body = urlencode({"payload": orjson.dumps(payload).decode()}).encode()
    return list(slack.read(delivery({"content-type": FORM}, body)))


def test_a_click_on_the_button_acknowledges_in_the_name_of_who_clicked() -> None:
    page_id = uuid7()
    assert said_by_slack(providers.click(page_id)) == [Click(page_id, "U0ANA")]


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {},
        {"type": "block_actions"},
        {"type": "block_actions", "user": {"id": "U"}, "actions": "x"},
        {"type": "block_actions", "user": {"id": "U"}, "actions": [1, {"action_id": "acknowledge", "value": "x"}]},
        {"type": "view_submission", "user": {"id": "U"}, "actions": []},
        providers.click(uuid7(), action="another"),
    ],
)
def test_any_other_payload_of_slack_says_nothing(payload: Any) -> None:
    assert said_by_slack(payload) == []


@pytest.mark.parametrize(("kind", "resolved"), [("incident.acknowledged", False), ("incident.resolved", True)])
def test_pagerdutys_incident_is_the_page_of_its_key(kind: str, resolved: bool) -> None:
    page_id = uuid7()
    request = providers.pagerduty(kind, page_id)
    assert list(pagerduty.read(delivery(request.headers, request.body))) == [Handled(page_id, resolved)]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"1", b'{"event": 1}', b'{"event": {"event_type": [], "data": {"incident_key": "x"}}}', b"\xff"],
)
def test_any_other_body_of_pagerduty_says_nothing(body: bytes) -> None:
    assert list(pagerduty.read(delivery({}, body))) == []
