"""Pages as answers show them: with every attempt, receipt and step."""

from collections.abc import Sequence

from services.notifier.api.shapes import AttemptDetail, PageDetail, ReceiptView, StepView
from services.notifier.pages import Page
from services.notifier.store import listing
from services.notifier.views import page_brief
from shared.db import Tx
from shared.http.problems import Problem, not_found


async def details(tx: Tx, pages: Sequence[Page]) -> list[PageDetail]:
    """The pages, in this order."""
    ids = [page.page_id for page in pages]
    attempts = await listing.attempts(tx, ids)
    receipts = await listing.receipts(tx, ids)
    return [
        PageDetail(
            **dict(page_brief(page)),
            summary=page.summary,
            closed_at=page.closed_at,
            attempts=tuple(AttemptDetail.model_validate(a, from_attributes=True) for a in attempts[page.page_id]),
            receipts=tuple(ReceiptView.model_validate(dict(row)) for row in receipts[page.page_id]),
            steps=tuple(StepView.model_validate(step) for step in page.steps),
        )
        for page in pages
    ]


def no_such_page() -> Problem:
    """404."""
    return not_found("There is no such page.")
