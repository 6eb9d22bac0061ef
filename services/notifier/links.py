"""Acknowledgement links: a signed token that says which page, on whose behalf, until when. Pure.

The key that signs is derived for this purpose alone, so that nothing else signed with the same secret can
pass for a link. A token holds no secret and no personal data beyond the responder's id.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

VALID_FOR = timedelta(hours=24)
_PURPOSE = b"tocsin acknowledgement link 1"
_MAC_LENGTH = 32
_HEAD_LENGTH = 16 + 8


@dataclass(frozen=True)
class Link:
    """Acknowledges `page_id` in the name of `by` until `expires_at` (whole seconds)."""

    page_id: UUID
    by: str
    expires_at: datetime


def signing_key(secret: str) -> bytes:
    """The key for links, from the installation's secret."""
    return hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)


def signing_keys(secrets: str) -> tuple[bytes, ...]:
    """One key for each line: the first signs, every one is accepted, so that a secret is changed without a gap."""
    return tuple(signing_key(line.strip()) for line in secrets.splitlines() if line.strip())


def sign(key: bytes, link: Link) -> str:
    """The token: URL-safe, at most some 250 characters."""
    head = link.page_id.bytes + int(link.expires_at.timestamp()).to_bytes(8)
    body = head + link.by.encode()
    return base64.urlsafe_b64encode(body + hmac.digest(key, body, hashlib.sha256)).decode().rstrip("=")


def read(keys: Sequence[bytes], token: str, now: datetime) -> Link | None:
    """The link of a token; None when none of the keys signed it, it was altered, is no token, or has expired."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[:-_MAC_LENGTH], raw[-_MAC_LENGTH:]
    genuine = [hmac.compare_digest(mac, hmac.digest(key, body, hashlib.sha256)) for key in keys]
    if not any(genuine) or len(body) < _HEAD_LENGTH or token != _canonical(raw):
        return None
    expires_at = datetime.fromtimestamp(int.from_bytes(body[16:_HEAD_LENGTH]), UTC)
    if now >= expires_at:
        return None
    return Link(UUID(bytes=body[:16]), body[_HEAD_LENGTH:].decode(), expires_at)


def _canonical(raw: bytes) -> str:
    """The one spelling of a token: base64 has several for the same bytes."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
