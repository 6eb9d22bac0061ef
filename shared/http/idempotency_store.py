"""All SQL of idempotency keys; the table `idempotency_key` is in every service's schema."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.db import Tx

Scope = tuple[str, str, str, str]
"""Principal, method, path and key."""


@dataclass(frozen=True)
class Claim:
    """A request that carries a key."""

    principal: str
    method: str
    path: str
    key: str
    body_sha256: bytes

    @property
    def scope(self) -> Scope:
        """What must be equal for two requests to be the same."""
        return (self.principal, self.method, self.path, self.key)

    @property
    def lock_id(self) -> int:
        """A number of 64 bits with sign for an advisory lock."""
        digest = hashlib.sha256("\x1f".join(self.scope).encode()).digest()
        return int.from_bytes(digest[:8], signed=True)


@dataclass(frozen=True)
class Stored:
    """A stored answer, and the hash of the body that it answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    body_sha256: bytes


async def lock(tx: Tx, claim: Claim) -> bool:
    """Take the key until the transaction ends; False while another has it. Look up in a later statement."""
    return bool(await tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", claim.lock_id))


async def lock_many(tx: Tx, claims: Sequence[Claim]) -> set[Scope]:
    """The same for several in one statement: the scopes of those that are ours now."""
    rows = await tx.fetch(_LOCK_MANY, [claim.lock_id for claim in claims])
    taken = {row["id"] for row in rows if row["taken"]}
    return {claim.scope for claim in claims if claim.lock_id in taken}


async def lookup(tx: Tx, claims: Sequence[Claim]) -> dict[Scope, Stored]:
    """What is stored for each claim, of the last 24 hours."""
    rows = await tx.fetch(_LOOKUP, *_columns(claims))
    return {
        (row["principal"], row["method"], row["path"], row["key"]): Stored(
            row["status"], row["headers"], row["body"], row["body_sha256"]
        )
        for row in rows
    }


async def store(tx: Tx, answers: Sequence[tuple[Claim, Stored]]) -> None:
    """Keep each answer in place of an expired one, in one statement; the keys must be locked in `tx`."""
    if not answers:
        return
    await tx.execute(
        _STORE,
        *_columns([claim for claim, _ in answers]),
        [stored.body_sha256 for _, stored in answers],
        [stored.status for _, stored in answers],
        [dict(stored.headers) for _, stored in answers],
        [stored.body for _, stored in answers],
    )


async def expire(tx: Tx, limit: int = 1000) -> int:
    """Delete up to `limit` answers older than 24 hours; how many there were."""
    return int((await tx.execute(_EXPIRE, limit)).rpartition(" ")[2])


def _columns(claims: Sequence[Claim]) -> list[list[str]]:
    return [list(column) for column in zip(*(claim.scope for claim in claims), strict=True)] or [[], [], [], []]


_LOCK_MANY = "SELECT id, pg_try_advisory_xact_lock(id) AS taken FROM unnest($1::bigint[]) AS id"

_LOOKUP = """
SELECT k.principal, k.method, k.path, k.key, k.status, k.headers, k.body, k.body_sha256
  FROM idempotency_key AS k
  JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS c (principal, method, path, key)
 USING (principal, method, path, key)
 WHERE k.created_at > statement_timestamp() - interval '24 hours'
"""

_STORE = """
INSERT INTO idempotency_key (principal, method, path, key, body_sha256, status, headers, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::int[], $7::jsonb[], $8::bytea[])
    ON CONFLICT (principal, method, path, key) DO UPDATE
   SET body_sha256 = excluded.body_sha256, status = excluded.status, headers = excluded.headers,
       body = excluded.body, created_at = statement_timestamp()
"""

_EXPIRE = """
DELETE FROM idempotency_key WHERE (principal, method, path, key) IN (
    SELECT principal, method, path, key FROM idempotency_key
     WHERE created_at <= statement_timestamp() - interval '24 hours'
     ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)
"""
