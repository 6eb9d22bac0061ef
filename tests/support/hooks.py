"""Providers as they call our hooks: signed requests, made independently of the code that verifies them."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

FORM = {"content-type": "application/x-www-form-urlencoded"}

SLACK_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TWILIO_TOKEN = "12345"
PAGERDUTY_SECRET = "pdsecret"


@dataclass(frozen=True)
class Request:
    """A POST to `/v1/hooks/<path>`."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def slack(payload: dict[str, Any], *, at: float, secret: str = SLACK_SECRET) -> Request:
    """An interactivity request at `at` (epoch seconds)."""
    body = urlencode({"payload": orjson.dumps(payload).decode()}).encode()
    stamp = str(int(at))
    mac = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return Request("slack", body, {**FORM, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mac}"})


def click(page_id: Any, user: str = "U0ANA", action: str = "acknowledge") -> dict[str, Any]:
    """What Slack posts when somebody presses the button."""
    actions = [{"action_id": action, "value": str(page_id), "type": "button"}]
    return {"type": "block_actions", "user": {"id": user, "team_id": "T0"}, "actions": actions}


def pagerduty(kind: str, page_id: Any, *, delivery: str = "d-1", secret: str = PAGERDUTY_SECRET) -> Request:
    """A webhook v3."""
    data = {"id": "Q1", "type": "incident", "incident_key": str(page_id)}
    body = orjson.dumps({"event": {"id": "01", "event_type": kind, "resource_type": "incident", "data": data}})
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    other = hmac.new(b"the former secret", body, hashlib.sha256).hexdigest()
    signatures = f"v1={other},v1={mac}"
    return Request(
        "pagerduty",
        body,
        {"content-type": "application/json", "X-PagerDuty-Signature": signatures, "X-Webhook-Id": delivery},
    )


def twilio(
    fields: dict[str, str],
    *,
    base: str,
    query: str = "",
    delivery: str = "d-1",
    token: str = TWILIO_TOKEN,
) -> Request:
    """A callback to the public URL `base`."""
    path = f"twilio?{query}" if query else "twilio"
    text = f"{base}/v1/hooks/{path}" + "".join(name + fields[name] for name in sorted(fields))
    mac = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
    headers = {**FORM, "X-Twilio-Signature": mac, "I-Twilio-Idempotency-Token": delivery}
    return Request(path, urlencode(fields).encode(), headers)
