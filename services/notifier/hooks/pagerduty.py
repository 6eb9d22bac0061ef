"""PagerDuty's webhooks v3 (https://developer.pagerduty.com/docs/webhooks/webhook-signatures). Pure.

The signature covers the raw body alone, so no time is signed: what was taken before is known by its content, and
`X-Webhook-Id`, the same on each retry for 48 hours, must be the one that it came with first.
"""

import hashlib
import hmac
from collections.abc import Iterator

import orjson

from services.notifier.hooks.deliveries import Delivery, Handled, Said, uuid_or_none

_EVENTS = {"incident.acknowledged": False, "incident.resolved": True}
_VERSION = "v1="


def signed(delivery: Delivery, secret: str) -> bytes | None:
    """What was signed, if any of the signatures was made with `secret` (several while a secret is rotated)."""
    expected = (_VERSION + hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()).encode()
    given = [part.strip().encode() for part in delivery.header("x-pagerduty-signature").split(",")]
    matches = [hmac.compare_digest(expected, signature) for signature in given]
    return delivery.body if any(matches) else None


def delivery_id(delivery: Delivery) -> str:
    """The id of the delivery, which is not signed."""
    return delivery.header("x-webhook-id")


def read(delivery: Delivery) -> Iterator[Said]:
    """What happened to an incident whose key is the id of a page; anything else says nothing."""
    try:
        event = orjson.loads(delivery.body)["event"]
        kind, page_id = event["event_type"], uuid_or_none(event["data"]["incident_key"])
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        return
    if isinstance(kind, str) and kind in _EVENTS and page_id is not None:
        yield Handled(page_id, resolved=_EVENTS[kind])
