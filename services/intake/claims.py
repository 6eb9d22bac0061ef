"""Idempotency keys of escalations that are written together: taken, looked up and kept in their transaction.

One at a time per key, as everywhere; here for a whole batch with one statement each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.intake.submission import Outcome
from shared.db import Tx
from shared.http import idempotency_store
from shared.http.idempotency_store import Claim, Stored

StoredAnswer = Callable[[Claim, Outcome], Stored]
"""What is kept of the answer to an outcome."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """The key has its answer already."""

    stored: Stored


class Busy(Exception):
    """Another request with this key is at work; the answer is its."""


async def take(tx: Tx, claims: Mapping[int, Claim]) -> dict[int, Replayed | Busy]:
    """Take the keys until `tx` ends; those that have an answer already, and those that others hold."""
    if not claims:
        return {}
    first = {claim.scope: place for place, claim in reversed(list(claims.items()))}
    locked = await idempotency_store.lock_many(tx, [claims[place] for place in first.values()])
    mine = {place: claims[place] for scope, place in first.items() if scope in locked}
    stored = await idempotency_store.lookup(tx, list(mine.values()))
    found: dict[int, Replayed | Busy] = {place: Busy() for place in claims if place not in mine}
    found.update({place: Replayed(stored[claim.scope]) for place, claim in mine.items() if claim.scope in stored})
    return found


async def keep(tx: Tx, claims: Mapping[int, Claim], outcomes: Mapping[int, Outcome], answer: StoredAnswer) -> None:
    """Keep the answers to `outcomes` under their keys."""
    kept = [(claims[place], answer(claims[place], outcome)) for place, outcome in outcomes.items() if place in claims]
    await idempotency_store.store(tx, kept)
