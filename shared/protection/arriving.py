"""What comes for a case after it was erased, and was said before: set aside, it loses its texts at once.

Kafka keeps events for days after an erase, and a service may be behind.
"""

from collections.abc import Sequence
from uuid import UUID

from shared.bus.records import Item
from shared.db import Tx
from shared.protection.store import scrub_aside, scrub_case

FOLLOWER = """
SELECT summary ->> 'summary' = '[erased]' AS erased, summary ->> 'status' = 'resolved' AS over
  FROM cases WHERE case_id = $1 FOR UPDATE
"""
"""Of a service that follows intake."""
INTAKE = """
SELECT erased_at IS NOT NULL AS erased, coalesce(erased_at >= resolved_at, false) AS over
  FROM cases WHERE case_id = $1 FOR UPDATE
"""


class Arriving:
    """Called by the consumer with what it has just set aside, in its transaction. `find` is one of the above.

    Of a case that was taken up again only what was said before the erase is touched: it still tells a summary.
    """

    def __init__(self, find: str) -> None:
        self._find = find

    async def __call__(self, tx: Tx, items: Sequence[Item]) -> None:
        for case_id in sorted(_cases_of(items)):
            row = await tx.fetchrow(self._find, case_id)
            if row is None or not row["erased"]:
                continue
            if row["over"]:
                await scrub_case(tx, case_id)
            else:
                await scrub_aside(tx, case_id)


def _cases_of(items: Sequence[Item]) -> set[UUID]:
    found = set()
    for item in items:
        try:
            found.add(UUID(item.record.key_text or ""))
        except ValueError:
            continue  # a key that is no case's
    return found
