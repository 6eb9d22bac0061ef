"""What a notice says: the body of the generic webhook (contract section 7). Pure.

No graphic text, no personal data beyond names of staff, and below the 20 kB that Standard Webhooks allow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from services.notifier.delivery import Attempt
from services.notifier.pages import Page, Reason
from services.notifier.views import page_brief
from shared.contracts.events import CaseSummary
from shared.contracts.scalars import format_instant

LARGEST = 20_000
"""Bytes of a body."""

_SHRINKABLE = ("legal_orders", "excluded_specialists", "reporter_types", "pend_reasons", "summary")


@dataclass(frozen=True)
class Notice:
    """One notice, ready for a channel."""

    attempt: Attempt
    page: Page
    case: CaseSummary | None
    ack_url: str

    def body(self) -> bytes:
        """JSON; what is long is cut until it fits."""
        page, case = self.page, self.case.model_dump(mode="json") if self.case else None
        body = self._body(page, case)
        for kept in (20, 5, 1):
            if len(body) < LARGEST:
                return body
            page = replace(page, reasons=page.reasons[-kept:], responders=page.responders[-kept:])
            body = self._body(page, case)
        for name in _SHRINKABLE:
            if case is not None and len(body) >= LARGEST:
                case[name] = "" if isinstance(case[name], str) else []
                body = self._body(page, case)
        return body

    def clock(self) -> Mapping[str, Any] | None:
        """The clock that this notice is about: the one that joined, else the first that still stands."""
        joined = [reason for reason in self.page.reasons if str(reason.clock_id) == self.attempt.about]
        ordered = joined or sorted(self.page.reasons, key=_closed)
        return next((reason.clock for reason in ordered if reason.clock is not None), None)

    def _body(self, page: Page, case: Mapping[str, Any] | None) -> bytes:
        data = {
            "page": {**page_brief(page).model_dump(mode="json"), "summary": page.summary},
            "case": case,
            "clock": self.clock(),
            "responder": self.attempt.responder,
            "ack_url": self.ack_url,
        }
        return orjson.dumps(
            {"type": self.attempt.type.value, "timestamp": format_instant(self.attempt.due_at), "data": data}
        )


def _closed(reason: Reason) -> bool:
    return not reason.open
