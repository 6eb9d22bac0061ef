"""All SQL of the audit; the tables `audit` and `audit_chain` are in every service's schema.

An entry is written without a seal, so that no act waits for another's place in the chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.audit.chain import Link, Row
from shared.audit.entries import Entry
from shared.db import Tx

COLUMNS = "id, at, actor_kind, actor_id, action, subject, detail, position, previous, hash"


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a chain begins and ends, and the highest position that stands in the table (0: none)."""

    anchor: Link
    tip: Link
    last: int


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows an export gives; None: any. `since` <= at < `until`."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: str | None = None


async def record(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write them in one statement; they stand exactly when `tx` is committed."""
    if not entries:
        return
    await tx.execute(
        _RECORD,
        [str(entry.actor.kind) for entry in entries],
        [entry.actor.id for entry in entries],
        [entry.action for entry in entries],
        [entry.subject for entry in entries],
        [dict(entry.detail) for entry in entries],
    )


async def any_unsealed(connection: Tx) -> bool:
    """Whether a row waits for its place in the chain."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM audit WHERE position IS NULL)"))


async def unsealed_age(connection: Tx) -> float:
    """Seconds since the oldest row that waits was written; 0 when none does."""
    age: float = await connection.fetchval(_UNSEALED_AGE)
    return age


async def lock_tip(tx: Tx) -> Link | None:
    """The end of the chain, locked until `tx` ends; None while another seals."""
    row = await tx.fetchrow("SELECT tip_position, tip_hash FROM audit_chain FOR UPDATE SKIP LOCKED")
    return None if row is None else Link(row["tip_position"], row["tip_hash"])


async def unsealed(tx: Tx, limit: int) -> list[Row]:
    """Rows without a place, in the order of their ids; one that commits late comes later."""
    return [_row(row) for row in await tx.fetch(_UNSEALED, limit)]


async def seal(tx: Tx, rows: Sequence[tuple[Row, bytes, Link]]) -> None:
    """Give each row its previous hash and its place, in order, and move the tip, which is locked."""
    tip = rows[-1][2]
    await tx.execute(
        _SEAL,
        [row.id for row, _, _ in rows],
        [link.position for _, _, link in rows],
        [previous for _, previous, _ in rows],
        [link.hash for _, _, link in rows],
    )
    await tx.execute("UPDATE audit_chain SET tip_position = $1, tip_hash = $2", tip.position, tip.hash)


async def ends(connection: Tx) -> Ends:
    """Both ends of the chain, as of one instant."""
    row = await connection.fetchrow(_ENDS)
    assert row is not None
    anchor, tip = Link(row["anchor_position"], row["anchor_hash"]), Link(row["tip_position"], row["tip_hash"])
    return Ends(anchor, tip, row["last"])


async def sealed(connection: Tx, *, after: int, upto: int, limit: int) -> list[Row]:
    """Up to `limit` rows of the chain behind position `after`, in order."""
    return [_row(row) for row in await connection.fetch(_SEALED, after, upto, limit)]


async def page(connection: Tx, filters: Filters, *, after: int, limit: int) -> list[Row]:
    """Up to `limit` rows behind the id `after`, in the order of their ids."""
    f = filters
    return [_row(row) for row in await connection.fetch(_PAGE, after, f.since, f.until, f.actor, f.action, limit)]


async def oldest_unsealed(connection: Tx, older_than: timedelta) -> Row | None:
    """The first row that has waited longer than this for its place."""
    row = await connection.fetchrow(_OLDEST_UNSEALED, older_than)
    return None if row is None else _row(row)


async def tells_of_anchor(connection: Tx, anchor: Link) -> bool:
    """Whether the audit itself says that retention removed what was up to `anchor`."""
    return bool(await connection.fetchval(_TELLS_OF_ANCHOR, anchor.position, anchor.hash.hex()))


async def latest_configuration(tx: Tx) -> dict[str, Any] | None:
    """The detail of the last change of the configuration; others who write one wait until `tx` ends."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.audit configuration', 0))")
    detail: dict[str, Any] | None = await tx.fetchval(_LATEST_CONFIGURATION)
    return detail


async def lock_anchor(tx: Tx) -> Link | None:
    """The beginning of the chain, locked until `tx` ends; None while another has it."""
    row = await tx.fetchrow("SELECT anchor_position, anchor_hash FROM audit_chain FOR UPDATE SKIP LOCKED")
    return None if row is None else Link(row["anchor_position"], row["anchor_hash"])


async def last_before(tx: Tx, anchor: Link, cutoff: datetime, limit: int) -> Link | None:
    """The last of up to `limit` rows from `anchor` on that are all older than `cutoff`."""
    row = await tx.fetchrow(_LAST_BEFORE, anchor.position, cutoff, limit)
    return None if row is None else Link(row["position"], row["hash"])


async def remove_through(tx: Tx, anchor: Link) -> int:
    """Make `anchor`, which is a row of the chain, its beginning; the rows up to it go. How many."""
    await tx.execute("UPDATE audit_chain SET anchor_position = $1, anchor_hash = $2", anchor.position, anchor.hash)
    return int((await tx.execute("DELETE FROM audit WHERE position <= $1", anchor.position)).rpartition(" ")[2])


def _row(row: Any) -> Row:
    return Row(**row)


_RECORD = """
INSERT INTO audit (actor_kind, actor_id, action, subject, detail)
SELECT actor_kind, actor_id, action, subject, detail
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[])
       WITH ORDINALITY AS e (actor_kind, actor_id, action, subject, detail, place)
 ORDER BY place
"""

_UNSEALED = f"SELECT {COLUMNS} FROM audit WHERE position IS NULL ORDER BY id LIMIT $1"  # noqa: S608 - constants

_UNSEALED_AGE = """
SELECT coalesce(extract(epoch FROM statement_timestamp() - min(at)), 0)::float FROM audit WHERE position IS NULL
"""

_SEAL = """
UPDATE audit SET position = s.position, previous = s.previous, hash = s.hash
  FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) AS s (id, position, previous, hash)
 WHERE audit.id = s.id
"""

_ENDS = """
SELECT anchor_position, anchor_hash, tip_position, tip_hash,
       coalesce((SELECT max(position) FROM audit), 0) AS last
  FROM audit_chain
"""

_SEALED = f"SELECT {COLUMNS} FROM audit WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3"  # noqa: S608

_PAGE = f"""
SELECT {COLUMNS} FROM audit
 WHERE id > $1 AND ($2::timestamptz IS NULL OR at >= $2) AND ($3::timestamptz IS NULL OR at < $3)
   AND ($4::text IS NULL OR actor_id = $4) AND ($5::text IS NULL OR action = $5)
 ORDER BY id LIMIT $6
"""  # noqa: S608 - constants

_OLDEST_UNSEALED = f"""
SELECT {COLUMNS} FROM audit WHERE position IS NULL AND at < statement_timestamp() - $1::interval ORDER BY id LIMIT 1
"""  # noqa: S608 - constants

_TELLS_OF_ANCHOR = """
SELECT EXISTS (SELECT FROM audit WHERE action = 'audit.trimmed' AND detail ->> 'through' = $1::bigint::text
                                   AND detail ->> 'hash' = $2)
"""

_LATEST_CONFIGURATION = """
SELECT detail FROM audit WHERE action = 'configuration.changed' ORDER BY id DESC LIMIT 1
"""

_LAST_BEFORE = """
SELECT position, hash FROM (
    SELECT position, hash, bool_and(at < $2) OVER (ORDER BY position) AS old
      FROM audit WHERE position > $1 ORDER BY position LIMIT $3) AS prefix
 WHERE old ORDER BY position DESC LIMIT 1
"""
