"""The generic webhook: a POST signed as Standard Webhooks (https://www.standardwebhooks.com, specification 1.0)."""

from collections.abc import Callable
from datetime import datetime

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from services.notifier.channels.base import Look
from services.notifier.channels.guard import GuardedBackend
from services.notifier.channels.sender import Sender
from services.notifier.delivery import Outcome, Result
from services.notifier.notices import Notice
from shared.config.channels import WebhookChannel as WebhookSpec
from shared.config.secrets import SecretUnavailable, resolve


class WebhookChannel:
    """`now` is the wall clock that receivers compare the signature's timestamp with."""

    def __init__(self, spec: WebhookSpec, now: Callable[[], datetime]) -> None:
        self._spec = spec
        self._now = now
        self._sender = Sender(backend=GuardedBackend(allow_private=spec.allow_private))

    async def send(self, notice: Notice, look: Look) -> Outcome:
        """POST the notice; the same `webhook-id` on each try, a timestamp of this one."""
        body = notice.body()
        webhook_id = str(notice.attempt.webhook_id)
        try:
            url, secret = resolve(self._spec.url), resolve(self._spec.secret)
            headers = signed_headers(secret, webhook_id, self._now(), body)
        except SecretUnavailable as error:
            return Outcome(Result.REFUSED, error=str(error))
        except (ValueError, RuntimeError, EmptyWebhookSecretError):
            return Outcome(Result.REFUSED, error=f"{self._spec.secret} is no whsec_ secret in base64")
        outcome = await self._sender.post(url, body, headers, look)
        return outcome if outcome.provider_ref else _with_ref(outcome, webhook_id)

    async def close(self) -> None:
        """Close the connections."""
        await self._sender.close()


def signed_headers(secret: str, webhook_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a Standard Webhook; raises `ValueError` for a secret that is no base64."""
    signature = Webhook(secret).sign(webhook_id, at, body.decode())
    return {
        "content-type": "application/json",
        "user-agent": "tocsin",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def _with_ref(outcome: Outcome, webhook_id: str) -> Outcome:
    return Outcome(outcome.result, outcome.error, outcome.status, outcome.retry_after, provider_ref=webhook_id)
