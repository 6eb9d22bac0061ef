"""Leases: one holder at a time, told apart by an epoch, on the database's clock.

A lease makes work single; what must hold even without it is fenced by `check` in the transaction.
"""

import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from shared.db.pool import Database, Tx
from shared.errors import Transient


def process_owner() -> str:
    """A name for a holder in this process that no other has, and an operator can read."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:8]}"


class LeaseLost(Transient):
    """Another holder has the lease now; the transaction that finds out must roll back."""


@dataclass(frozen=True)
class Lease:
    """The lease `name` as seen by `owner` (an id of this process), free again `ttl` after its last renewal."""

    db: Database
    name: str
    owner: str
    ttl: timedelta

    async def acquire(self) -> int | None:
        """Take or renew it; the epoch, or None while another holds it. A new holder gets a new epoch."""
        async with self.db.connection() as connection:
            epoch: int | None = await connection.fetchval(_ACQUIRE, self.name, self.owner, self.ttl)
        return epoch

    async def release(self) -> None:
        """Let the next holder in at once; nothing if it is not ours."""
        async with self.db.connection() as connection:
            await connection.execute(_RELEASE, self.name, self.owner)

    async def check(self, tx: Tx, epoch: int) -> None:
        """Raise `LeaseLost` unless `epoch` still holds; until `tx` ends nobody else can take the lease."""
        if await tx.fetchval(_CHECK, self.name, self.owner, epoch) is None:
            raise LeaseLost(f"the lease {self.name} has another holder", retry_after=0.1)


_ACQUIRE = """
INSERT INTO lease AS l (name, owner, epoch, expires_at) VALUES ($1, $2, 1, statement_timestamp() + $3)
ON CONFLICT (name) DO UPDATE
   SET owner = excluded.owner,
       epoch = l.epoch + (l.owner <> excluded.owner)::int,
       expires_at = excluded.expires_at
 WHERE l.owner = excluded.owner OR l.expires_at < statement_timestamp()
RETURNING epoch
"""

_RELEASE = "UPDATE lease SET expires_at = '-infinity' WHERE name = $1 AND owner = $2"

_CHECK = "SELECT 1 FROM lease WHERE name = $1 AND owner = $2 AND epoch = $3 FOR SHARE"
