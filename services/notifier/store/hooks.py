"""Deliveries of hooks as they were taken, and the attempts that they are about."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notifier.delivery import Attempt
from services.notifier.hooks.deliveries import Which
from services.notifier.store.rows import attempt_of
from shared.contracts.vocabulary import AttemptState
from shared.db import Tx


@dataclass(frozen=True)
class Taken:
    """A delivery that was taken before: the unsigned id that it had, and what it was answered."""

    delivery_id: str
    status: int
    media_type: str | None
    body: bytes


async def take(tx: Tx, provider: str, signed: bytes, delivery_id: str) -> Taken | None:
    """Note a delivery by what was signed; the one that was the same before it. Waits for one that is being taken."""
    digest = hashlib.sha256(signed).digest()
    if await tx.fetchval(_TAKE, provider, digest, delivery_id) is not None:
        return None
    row = await tx.fetchrow(_TAKEN, provider, digest)
    return None if row is None else Taken(row["delivery_id"], row["status"], row["media_type"], row["body"])


async def answered(tx: Tx, provider: str, signed: bytes, status: int, media_type: str | None, body: bytes) -> None:
    """Keep what a delivery is answered, for the next that is the same."""
    await tx.execute(_ANSWERED, provider, hashlib.sha256(signed).digest(), status, media_type, body)


async def expire(tx: Tx, limit: int) -> int:
    """Forget up to `limit` deliveries that are older than 400 days.

    Providers send again for days at most, but Twilio signs no time: a copy of a reply must not count as a new one.
    """
    return int((await tx.execute(_EXPIRE, limit)).rpartition(" ")[2])


async def attempt_about(tx: Tx, which: Which, channels: Sequence[str]) -> Attempt | None:
    """The attempt over one of these channels, by our id of it or else by the provider's."""
    row = await tx.fetchrow(_BY_ID, which.attempt_id, list(channels)) if which.attempt_id else None
    row = row or await tx.fetchrow(_BY_REF, which.provider_ref, list(channels))
    return None if row is None else attempt_of(row)


async def told_over(tx: Tx, page_id: UUID, channels: Sequence[str]) -> Attempt | None:
    """The latest attempt for a page over one of these channels."""
    row = await tx.fetchrow(_TOLD, page_id, list(channels))
    return None if row is None else attempt_of(row)


async def last_told(tx: Tx, channels: Sequence[str]) -> Attempt | None:
    """The latest call over these channels for a page that nobody has acknowledged."""
    row = await tx.fetchrow(_LAST_TOLD, list(channels))
    return None if row is None else attempt_of(row)


async def add_receipt(tx: Tx, attempt: Attempt, state: AttemptState, error: str | None, now: datetime) -> None:
    """Keep what a provider said of a try."""
    await tx.execute(_ADD_RECEIPT, attempt.attempt_id, attempt.tries, now, state.value, error)


_TAKE = """
INSERT INTO hook_delivery (provider, digest, delivery_id) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING provider
"""

_TAKEN = "SELECT delivery_id, status, media_type, body FROM hook_delivery WHERE provider = $1 AND digest = $2"

_ANSWERED = "UPDATE hook_delivery SET status = $3, media_type = $4, body = $5 WHERE provider = $1 AND digest = $2"

_EXPIRE = """
DELETE FROM hook_delivery WHERE (provider, digest) IN (
    SELECT provider, digest FROM hook_delivery
     WHERE taken_at < statement_timestamp() - interval '400 days' LIMIT $1 FOR UPDATE SKIP LOCKED)
"""

_BY_ID = "SELECT * FROM attempt WHERE attempt_id = $1 AND channel = ANY($2::text[])"

_BY_REF = """
SELECT * FROM attempt
 WHERE provider_ref = $1 AND kind IN ('twilio_sms', 'twilio_voice') AND channel = ANY($2::text[])
 ORDER BY attempt_id DESC LIMIT 1
"""

_TOLD = """
SELECT * FROM attempt WHERE page_id = $1 AND channel = ANY($2::text[]) ORDER BY attempt_id DESC LIMIT 1
"""

_LAST_TOLD = """
SELECT attempt.* FROM attempt JOIN page USING (page_id)
 WHERE page.state IN ('triggered', 'exhausted') AND attempt.channel = ANY($1::text[])
   AND attempt.state IN ('sent', 'delivered') AND attempt.type IN ('page.triggered', 'page.escalated', 'page.updated')
 ORDER BY attempt.at DESC LIMIT 1
"""

_ADD_RECEIPT = """
INSERT INTO receipt (attempt_id, try, at, result, error) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""
