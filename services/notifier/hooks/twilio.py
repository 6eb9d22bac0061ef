"""Twilio's callbacks (https://www.twilio.com/docs/usage/security#validating-requests). Pure.

The signature covers the public URL with its query and the sorted fields of the form. No time is signed: what was
taken before is known by that, and a delivery must come with the `I-Twilio-Idempotency-Token` that it had first.
Receipts come out of order; the ranks of `delivery` see to that. A call that ends is no acknowledgement: a key is.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

from services.notifier.hooks.deliveries import Delivery, KeyPress, Receipt, Reply, Said, Which, fields_of, uuid_or_none
from shared.contracts.vocabulary import AttemptState

ATTEMPT = "attempt"
"""The parameter of a callback's URL that carries the id of the attempt: a receipt may come before Twilio's answer."""

ACKNOWLEDGES = frozenset({"ack", "acknowledge", "ok", "1"})
"""Texts that acknowledge, in any case."""

_BODY_HASH = "bodySHA256"
_PORTS = {"https": 443, "http": 80}

_STATES = {
    "accepted": AttemptState.SENT,
    "scheduled": AttemptState.SENT,
    "queued": AttemptState.SENT,
    "sending": AttemptState.SENT,
    "sent": AttemptState.SENT,
    "initiated": AttemptState.SENT,
    "ringing": AttemptState.SENT,
    "delivered": AttemptState.DELIVERED,
    "read": AttemptState.DELIVERED,
    "in-progress": AttemptState.DELIVERED,
    "completed": AttemptState.DELIVERED,
    "undelivered": AttemptState.FAILED,
    "failed": AttemptState.FAILED,
    "canceled": AttemptState.FAILED,
    "busy": AttemptState.FAILED,
    "no-answer": AttemptState.FAILED,
}


def signed(delivery: Delivery, secret: str) -> bytes | None:
    """What was signed, if it was signed with `secret`; the URL is tried with and without its port, as Twilio does."""
    if not _body_is_covered(delivery):
        return None
    rest = _sorted(delivery.form())
    given = delivery.header("x-twilio-signature").encode()
    matches = [hmac.compare_digest(_signature(url + rest, secret), given) for url in _spellings(delivery.url)]
    return (delivery.url + rest).encode() if any(matches) else None


def delivery_id(delivery: Delivery) -> str:
    """The id of the delivery, which is not signed."""
    return delivery.header("i-twilio-idempotency-token")


def read(delivery: Delivery) -> Iterator[Said]:
    """A key pressed, a text that acknowledges, or what became of a message or a call."""
    fields = dict(delivery.form())
    if "Digits" in fields:
        if fields["Digits"]:
            yield KeyPress(_which(delivery, fields.get("CallSid", "")))
    elif "Body" in fields:
        if fields["Body"].strip().lower() in ACKNOWLEDGES:
            yield Reply(fields.get("From", ""))
    else:
        yield from _receipt(delivery, fields)


def is_call(delivery: Delivery) -> bool:
    """Whether Twilio waits for what to say next in a call."""
    return any(name == "Digits" for name, _ in delivery.form())


def _receipt(delivery: Delivery, fields: Mapping[str, str]) -> Iterator[Receipt]:
    status = fields.get("MessageStatus") or fields.get("SmsStatus") or fields.get("CallStatus", "")
    state = _STATES.get(status)
    error = f"{status} {fields.get('ErrorCode', '')}".strip() if state is AttemptState.FAILED else None
    if fields.get("AnsweredBy", "").startswith(("machine", "fax")):
        state, error = AttemptState.FAILED, "answered by a machine"
    ref = fields.get("MessageSid") or fields.get("SmsSid") or fields.get("CallSid", "")
    if state is not None and ref:
        yield Receipt(_which(delivery, ref), state, error)


def _which(delivery: Delivery, ref: str) -> Which:
    named = dict(fields_of(delivery.query.encode())).get(ATTEMPT)
    return Which(ref, uuid_or_none(named))


def _body_is_covered(delivery: Delivery) -> bool:
    """A form is; another body is where the URL, which is signed, carries its hash."""
    if delivery.is_form or not delivery.body:
        return True
    expected = dict(fields_of(delivery.query.encode())).get(_BODY_HASH, "")
    return hmac.compare_digest(hashlib.sha256(delivery.body).hexdigest().encode(), expected.lower().encode())


def _sorted(fields: Sequence[tuple[str, str]]) -> str:
    """Names with their values, both in order; a value that stands twice counts once."""
    return "".join(name + value for name, value in sorted(set(fields)))


def _signature(text: str, secret: str) -> bytes:
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest())


def _spellings(url: str) -> list[str]:
    """The URL with its port and without."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    hosts = [host, f"{host}:{parts.port or _PORTS.get(parts.scheme, 443)}"]
    return [urlunsplit(parts._replace(netloc=name)) for name in hosts]
