"""What notifier takes from the environment beyond what every service has."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from services.notifier import links
from services.notifier.delivery import Attempt
from services.notifier.links import Link
from services.notifier.reach import CHANNEL_PREFIX
from shared.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class LinkSettings:
    """Where acknowledgement links lead, and what signs them: the first key; the others are still accepted."""

    public_url: str
    keys: tuple[bytes, ...]

    @classmethod
    def of(cls, settings: Settings) -> "LinkSettings":
        """From `TOCSIN_PUBLIC_URL` and `TOCSIN_SECRET_KEY` (one a line); without it links end with the process."""
        keys = links.signing_keys(settings.secret_key or "")
        if not keys:
            log.warning("links end with this process: set TOCSIN_SECRET_KEY, the same for every instance")
            keys = (links.signing_key(secrets.token_urlsafe(32)),)
        base = settings.public_url or f"http://{settings.host}:{settings.port}"
        return cls(base.rstrip("/"), keys)

    def link_for(self, attempt: Attempt, now: datetime) -> str:
        """The link by which the receiver of an attempt acknowledges its page."""
        by = attempt.responder or f"{CHANNEL_PREFIX}{attempt.channel}"
        return self.url(attempt.page_id, by, now)

    def url(self, page_id: UUID, by: str, now: datetime) -> str:
        """A link that acknowledges in the name of `by`."""
        return f"{self.public_url}/v1/ack/{links.sign(self.keys[0], Link(page_id, by, now + links.VALID_FOR))}"
