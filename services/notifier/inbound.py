"""What comes back from providers: verified, taken once, and done.

Consumes deliveries of hooks; acknowledges pages and notes receipts through `Paging` and the store. Secrets are those
of the channels in force; what a secret verified reaches only attempts over the channels that have it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from services.notifier.case_pages import CasePages
from services.notifier.hooks import pagerduty, slack, twilio
from services.notifier.hooks.deliveries import Click, Delivery, Handled, KeyPress, Receipt, Reply, Said
from services.notifier.pages import MANUAL_KIND
from services.notifier.paging import Paging
from services.notifier.reach import CHANNEL_PREFIX
from services.notifier.rulebooks import Rulebooks
from services.notifier.settling import receive
from services.notifier.store import cases, hooks, listing
from shared.clock import Clock
from shared.config.channels import BaseChannel, PagerDutyChannel, SlackChannel, TwilioSmsChannel, TwilioVoiceChannel
from shared.config.secrets import SecretUnavailable, resolve
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ActorKind
from shared.db import Database, Tx
from shared.db.timers import Sweeper

FORGET_EVERY = 60.0
FORGET_AT_ONCE = 1000

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Provider:
    """How a provider's deliveries are verified and read; `secret` is a channel's reference, if it is this one's."""

    secret: Callable[[BaseChannel], str | None]
    signed: Callable[[Delivery, str], bytes | None]
    delivery_id: Callable[[Delivery], str]
    read: Callable[[Delivery], Iterator[Said]]


def _twilio_token(channel: BaseChannel) -> str | None:
    return channel.token if isinstance(channel, TwilioSmsChannel | TwilioVoiceChannel) else None


PROVIDERS = {
    "twilio": Provider(_twilio_token, twilio.signed, twilio.delivery_id, twilio.read),
    "slack": Provider(
        lambda channel: channel.signing_secret if isinstance(channel, SlackChannel) else None,
        slack.signed,
        slack.delivery_id,
        slack.read,
    ),
    "pagerduty": Provider(
        lambda channel: channel.webhook_secret if isinstance(channel, PagerDutyChannel) else None,
        pagerduty.signed,
        pagerduty.delivery_id,
        pagerduty.read,
    ),
}


@dataclass(frozen=True)
class Verified:
    """A genuine delivery: what was signed, and the channels whose secret signed it."""

    signed: bytes
    channels: tuple[BaseChannel, ...]

    @property
    def ids(self) -> list[str]:
        return [channel.id for channel in self.channels]


@dataclass
class Effect:
    """What a delivery changed: call `Paging.done` with `changed` after the commit. `acknowledged`: a page is."""

    changed: list[CasePages] = field(default_factory=list)
    acknowledged: bool = False


class Inbound:
    """Takes deliveries of every provider."""

    def __init__(self, db: Database, paging: Paging, rulebooks: Rulebooks) -> None:
        self._db = db
        self._paging = paging
        self._rulebooks = rulebooks

    def verify(self, provider: Provider, delivery: Delivery) -> Verified | None:
        """Whose secret signed this delivery; None when nobody's did."""
        signed = b""
        found: list[BaseChannel] = []
        for channel in self._rulebooks.configuration.channels.channels:
            secret = _resolved(provider.secret(channel))
            text = provider.signed(delivery, secret) if secret else None
            if text is not None:
                signed = text
                found.append(channel)
        return Verified(signed, tuple(found)) if found else None

    async def apply(self, tx: Tx, verified: Verified, said: Iterable[Said]) -> Effect:
        """Do what a delivery says, as far as it is about pages that went out over its channels."""
        effect = Effect()
        for what in said:
            if isinstance(what, Receipt):
                await self._receipt(tx, verified, what, effect)
            else:
                await self._acknowledgement(tx, verified, what, effect)
        return effect

    async def _acknowledgement(
        self, tx: Tx, verified: Verified, said: KeyPress | Reply | Click | Handled, effect: Effect
    ) -> None:
        if isinstance(said, KeyPress):
            attempt = await hooks.attempt_about(tx, said.which, verified.ids)
        elif isinstance(said, Reply):
            attempt = await hooks.last_told(tx, _reached_at(verified.channels, said.number))
        else:
            attempt = await hooks.told_over(tx, said.page_id, verified.ids)
        by = self._by(said, attempt.responder if attempt else None, attempt.channel if attempt else "")
        if attempt is None or by is None:
            return
        actor = Actor(kind=ActorKind.PERSON, id=by)
        page = await listing.page(tx, attempt.page_id)
        if isinstance(said, Handled) and said.resolved and page is not None and page.is_only(MANUAL_KIND):
            found = await self._paging.resolve(tx, attempt.page_id, actor)
        else:
            found = await self._paging.acknowledge(tx, attempt.page_id, actor)
        if found is not None:
            effect.changed.append(found[1])
            effect.acknowledged = found[0].acknowledged_at is not None

    def _by(self, said: Said, responder: str | None, channel: str) -> str | None:
        """Who did it; None when it was nobody whom we know. A provider's own incident was handled by its channel."""
        if isinstance(said, Click):
            people = self._rulebooks.configuration.oncall.responders
            return next((person.id for person in people if person.slack == said.user), None)
        if isinstance(said, Handled):
            return f"{CHANNEL_PREFIX}{channel}"
        return responder or f"{CHANNEL_PREFIX}{channel}"

    async def _receipt(self, tx: Tx, verified: Verified, said: Receipt, effect: Effect) -> None:
        known = await hooks.attempt_about(tx, said.which, verified.ids)
        case = await cases.load_page(tx, known.page_id) if known else None
        if known is None or case is None:
            return
        now = await self._db.now(tx)
        attempt = case.attempts[known.attempt_id]
        if receive(case, attempt, said.state, said.which.provider_ref, said.error, now):
            await hooks.add_receipt(tx, attempt, said.state, said.error, now)
            await cases.save(tx, [case], now)
            effect.changed.append(case)


def forgetting(db: Database, clock: Clock) -> Sweeper:
    """Forgets deliveries that no provider repeats any more, so that the table does not grow for ever."""

    async def sweep() -> int:
        async with db.transaction() as tx:
            return await hooks.expire(tx, FORGET_AT_ONCE)

    return Sweeper("hook deliveries", sweep, interval=FORGET_EVERY, limit=FORGET_AT_ONCE, clock=clock)


def _resolved(reference: str | None) -> str | None:
    if reference is None:
        return None
    try:
        return resolve(reference)
    except SecretUnavailable as error:
        log.warning("a hook cannot be verified", why=str(error))
        return None


def _reached_at(channels: Sequence[BaseChannel], number: str) -> list[str]:
    """The channels that reach a telephone number."""
    phones = [c for c in channels if isinstance(c, TwilioSmsChannel | TwilioVoiceChannel)]
    return [channel.id for channel in phones if _resolved(channel.to) == number]
