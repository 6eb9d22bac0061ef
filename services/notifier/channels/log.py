"""The `log` channel: a page is a line in the service's log, for trying things out and for the record."""

import structlog

from services.notifier.channels.base import Look
from services.notifier.delivery import Outcome, Result
from services.notifier.notices import Notice

log = structlog.get_logger(__name__)


class LogChannel:
    """Succeeds at once."""

    async def send(self, notice: Notice, look: Look) -> Outcome:
        """Write the line."""
        await look()
        page, attempt = notice.page, notice.attempt
        log.warning(
            attempt.type.value,
            page_id=str(page.page_id),
            case_id=str(page.case_id) if page.case_id else None,
            responder=attempt.responder,
            urgency=page.urgency.value,
            severity=page.severity.value if page.severity else None,
            reasons=[f"{reason.kind.value} {reason.name or ''}".strip() for reason in page.reasons if reason.open],
            ack_url=notice.ack_url,
        )
        return Outcome(Result.SENT, provider_ref=str(attempt.webhook_id))

    async def close(self) -> None:
        """Nothing is held."""
