"""Slack's interactivity requests (https://docs.slack.dev/authentication/verifying-requests-from-slack). Pure.

The signature covers the time and the raw body, and is checked before anything in the body is looked at.
"""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from services.notifier.hooks.deliveries import FRESH, Click, Delivery, Said, uuid_or_none

ACTION_ID = "acknowledge"
"""Of the button under a page; its value is the page's id."""


def signed(delivery: Delivery, secret: str) -> bytes | None:
    """What was signed, if it was signed with `secret` and within five minutes of now."""
    stamp = delivery.header("x-slack-request-timestamp")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 11):
        return None
    if abs(delivery.at - datetime.fromtimestamp(int(stamp), UTC)) > FRESH:
        return None
    text = b"v0:" + stamp.encode() + b":" + delivery.body
    expected = "v0=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    genuine = hmac.compare_digest(expected.encode(), delivery.header("x-slack-signature").encode())
    return text if genuine else None


def delivery_id(_delivery: Delivery) -> str:
    """Slack's signature covers all that tells two deliveries apart."""
    return ""


def read(delivery: Delivery) -> Iterator[Said]:
    """The clicks on acknowledge buttons; anything else says nothing."""
    payload = _payload(delivery)
    user = payload.get("user")
    if payload.get("type") != "block_actions" or not isinstance(user, dict):
        return
    actions = payload.get("actions")
    for action in actions if isinstance(actions, list) else ():
        page_id = uuid_or_none(action.get("value")) if isinstance(action, dict) else None
        if page_id is not None and action.get("action_id") == ACTION_ID:
            yield Click(page_id, str(user.get("id")))


def _payload(delivery: Delivery) -> dict[str, Any]:
    for name, value in delivery.form():
        if name == "payload":
            try:
                found = orjson.loads(value)
            except orjson.JSONDecodeError:
                break
            return found if isinstance(found, dict) else {}
    return {}
