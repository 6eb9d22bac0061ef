"""channels.yaml: the ways out to people. Secrets stand here by reference only."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from shared.config.base import ConfigModel, Flag, Id
from shared.config.secrets import is_reference
from shared.contracts.scalars import SafeText
from shared.contracts.vocabulary import ChannelKind

_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}")


def _secret(value: str) -> str:
    if not is_reference(value):
        raise ValueError("a secret stands here by reference only; write env:NAME or file:/path")
    return value


def _web(value: str) -> str:
    parts = urlsplit(value)
    if not is_reference(value) and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("a URL begins with https:// (or is env:NAME or file:/path)")
    return value


def _smtp(value: str) -> str:
    parts = urlsplit(value)
    if is_reference(value):
        return value
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("a mail server is smtp://host:port or smtps://host:port (or env:NAME or file:/path)")
    if parts.password:
        raise ValueError("a password stands here by reference only; put the whole URL into env:NAME or file:/path")
    return value


def _phone(value: str) -> str:
    if not is_reference(value) and not _PHONE.fullmatch(value):
        raise ValueError('a number is written "+" and digits, such as "+4930123456" (or env:NAME or file:/path)')
    return value


def _address(value: str) -> str:
    if not is_reference(value) and not _ADDRESS.fullmatch(value):
        raise ValueError("an address is name@domain (or env:NAME or file:/path)")
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("it is empty; write the value, or env:NAME or file:/path")
    return value


Secret = Annotated[SafeText, AfterValidator(_secret)]
WebUrl = Annotated[SafeText, AfterValidator(_web)]
MailServer = Annotated[SafeText, AfterValidator(_smtp)]
PhoneNumber = Annotated[SafeText, AfterValidator(_phone)]
MailAddress = Annotated[SafeText, AfterValidator(_address)]
Plain = Annotated[SafeText, AfterValidator(_text)]


class BaseChannel(ConfigModel):
    """`allow_private`: whether loopback, private and link-local addresses may be reached."""

    id: Id
    allow_private: Flag = False


class WebhookChannel(BaseChannel):
    """POST signed as Standard Webhooks; `secret` is `whsec_…`."""

    kind: Literal[ChannelKind.WEBHOOK]
    url: WebUrl
    secret: Secret


class PagerDutyChannel(BaseChannel):
    """Events API v2; `url` for another region, or a double; `webhook_secret` verifies what comes back."""

    kind: Literal[ChannelKind.PAGERDUTY]
    routing_key: Secret
    webhook_secret: Secret | None = None
    url: WebUrl | None = None


class SlackChannel(BaseChannel):
    """A channel or a person's id; `signing_secret` verifies what comes back."""

    kind: Literal[ChannelKind.SLACK]
    channel: Plain
    token: Secret
    signing_secret: Secret
    url: WebUrl | None = None


class TwilioSmsChannel(BaseChannel):
    """A text message; receipts come back by hook."""

    kind: Literal[ChannelKind.TWILIO_SMS]
    to: PhoneNumber
    account: Plain
    token: Secret
    from_: Annotated[PhoneNumber, Field(alias="from")]
    url: WebUrl | None = None


class TwilioVoiceChannel(BaseChannel):
    """A call that is acknowledged by a key press."""

    kind: Literal[ChannelKind.TWILIO_VOICE]
    to: PhoneNumber
    account: Plain
    token: Secret
    from_: Annotated[PhoneNumber, Field(alias="from")]
    url: WebUrl | None = None


class EmailChannel(BaseChannel):
    """`to` may be left out where it only carries mail to stakeholders."""

    kind: Literal[ChannelKind.EMAIL]
    to: MailAddress | None = None
    smtp: MailServer
    from_: Annotated[MailAddress | None, Field(alias="from")] = None


class AppriseChannel(BaseChannel):
    """The long tail, by an Apprise URL, which holds secrets."""

    kind: Literal[ChannelKind.APPRISE]
    url: Secret


class LogChannel(BaseChannel):
    """A line in the log."""

    kind: Literal[ChannelKind.LOG]


Channel = Annotated[
    WebhookChannel
    | PagerDutyChannel
    | SlackChannel
    | TwilioSmsChannel
    | TwilioVoiceChannel
    | EmailChannel
    | AppriseChannel
    | LogChannel,
    Field(discriminator="kind"),
]


class Channels(ConfigModel):
    """`stakeholders`: the e-mail channel for stakeholders; none: nothing is sent to them."""

    stakeholders: Id | None = None
    channels: tuple[Channel, ...] = ()


def references_of(channel: BaseChannel) -> list[str]:
    """Every `env:` and `file:` reference of a channel."""
    return [
        value for value in channel.model_dump(mode="json").values() if isinstance(value, str) and is_reference(value)
    ]
