"""Audit entries, written in the transaction of the act that they tell of.

An entry holds ids, names of fields and words of fixed vocabularies: never text that people wrote, a
key, an address or any other content. It is written without a seal, so that no act waits for another's;
`shared.audit.sealing` puts it into the chain a moment later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.db import Tx


class Actor(Protocol):
    """Whoever acts; the actor of an event is one."""

    @property
    def kind(self) -> str:
        """person, source, system or unknown."""

    @property
    def id(self) -> str:
        """Of a principal, a service or the user of a shell."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `action` is `<area>.<verb>` (`case.resolve`), `subject` what it was done to (`case <id>`)."""

    actor: Actor
    action: str
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)


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


_RECORD = """
INSERT INTO audit (actor_kind, actor_id, action, subject, detail)
SELECT actor_kind, actor_id, action, subject, detail
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[])
       WITH ORDINALITY AS e (actor_kind, actor_id, action, subject, detail, place)
 ORDER BY place
"""
