"""Pages as they are read by the API and the metrics."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.notifier.delivery import Attempt
from services.notifier.pages import Page
from services.notifier.store.rows import attempt_of, page_of
from shared.contracts.vocabulary import PageState
from shared.db import Row, Tx


async def pages(
    tx: Tx, *, case_id: UUID | None, state: PageState | None, before: UUID | None, limit: int
) -> list[Page]:
    """Newest first, those before the page `before`."""
    rows = await tx.fetch(_PAGES, case_id, None if state is None else state.value, before, limit)
    return [page_of(row) for row in rows]


async def attempts(tx: Tx, page_ids: Sequence[UUID]) -> dict[UUID, list[Attempt]]:
    """By page, the attempts in the order of their creation."""
    found: dict[UUID, list[Attempt]] = {page_id: [] for page_id in page_ids}
    for row in await tx.fetch(_ATTEMPTS, list(page_ids)):
        attempt = attempt_of(row)
        found[attempt.page_id].append(attempt)
    return found


async def page(tx: Tx, page_id: UUID) -> Page | None:
    """One page."""
    row = await tx.fetchrow("SELECT * FROM page WHERE page_id = $1", page_id)
    return None if row is None else page_of(row)


async def receipts(tx: Tx, page_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """By page, how each try of its attempts ended, in order."""
    found: dict[UUID, list[Row]] = {page_id: [] for page_id in page_ids}
    for row in await tx.fetch(_RECEIPTS, list(page_ids)):
        found[row["page_id"]].append(row)
    return found


async def is_known_case(tx: Tx, case_id: UUID) -> bool:
    """Whether an event of the case was read."""
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM cases WHERE case_id = $1)", case_id))


async def open_by_state(tx: Tx) -> dict[str, int]:
    """How many pages there are in each state that is not resolved."""
    rows = await tx.fetch("SELECT state, count(*) AS pages FROM page WHERE state <> 'resolved' GROUP BY state")
    return {row["state"]: row["pages"] for row in rows}


async def last_caught_up(tx: Tx) -> datetime | None:
    """The last instant at which any consumer of this service saw the end of any partition; None: never."""
    found = await tx.fetchval("SELECT max(caught_up_to) FROM consumer_position WHERE caught_up_to > '-infinity'")
    assert found is None or isinstance(found, datetime)
    return found


_PAGES = """
SELECT * FROM page
 WHERE ($1::uuid IS NULL OR case_id = $1) AND ($2::text IS NULL OR state = $2)
   AND ($3::uuid IS NULL OR page_id < $3)
 ORDER BY page_id DESC LIMIT $4
"""

_ATTEMPTS = "SELECT * FROM attempt WHERE page_id = ANY($1::uuid[]) ORDER BY attempt_id"

_RECEIPTS = """
SELECT receipt.*, attempt.page_id FROM receipt JOIN attempt USING (attempt_id)
 WHERE page_id = ANY($1::uuid[]) ORDER BY receipt.at, attempt_id, try
"""
