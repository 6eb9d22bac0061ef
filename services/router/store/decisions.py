"""Decisions: kept in full as they were explained."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.contracts.views import DecisionView
from shared.db import Tx


async def add(tx: Tx, decisions: Sequence[DecisionView]) -> None:
    """Keep decisions, nothing hidden."""
    if decisions:
        await tx.execute(
            _ADD,
            [decision.decision_id for decision in decisions],
            [decision.case_id for decision in decisions],
            [decision.decided_at for decision in decisions],
            [decision.model_dump_json().encode() for decision in decisions],
        )


async def of_case(
    connection: Tx, case_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[DecisionView]:
    """The decisions about a case, newest first; `before` is the place of the last one seen."""
    at, last = before or (None, None)
    rows = await connection.fetch(_OF_CASE, case_id, at, last, limit)
    return [DecisionView.model_validate(row["decision"]) for row in rows]


_ADD = """
INSERT INTO decisions (decision_id, case_id, decided_at, decision)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::jsonb[])
"""

_OF_CASE = """
SELECT decision FROM decisions
 WHERE case_id = $1 AND ($2::timestamptz IS NULL OR (decided_at, decision_id) < ($2, $3::uuid))
 ORDER BY decided_at DESC, decision_id DESC LIMIT $4
"""
