"""A delivery of a hook as it came in, and the few things that it can say, whoever the provider. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl
from uuid import UUID

from shared.contracts.vocabulary import AttemptState

FRESH = timedelta(minutes=5)
"""For so long, either way, a signed time is taken."""

MOST_FIELDS = 500
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Delivery:
    """One request. `headers` have lower-case names; `url` is the public one, query and all, as it was signed."""

    headers: Mapping[str, str]
    body: bytes
    url: str
    query: str
    at: datetime

    def header(self, name: str) -> str:
        """A header, or nothing."""
        return self.headers.get(name, "")

    @property
    def is_form(self) -> bool:
        """Whether the body is form-encoded."""
        return self.header("content-type").partition(";")[0].strip().lower() == FORM

    def form(self) -> list[tuple[str, str]]:
        """The fields of a form-encoded body, in order; none of any other, nor of one that is no form."""
        return fields_of(self.body) if self.is_form else []


@dataclass(frozen=True)
class Which:
    """The attempt that something is about: by the provider's own id of it, or by ours where the URL carries it."""

    provider_ref: str
    attempt_id: UUID | None = None


@dataclass(frozen=True)
class Receipt:
    """What became of an attempt: `sent`, `delivered` or `failed`."""

    which: Which
    state: AttemptState
    error: str | None = None


@dataclass(frozen=True)
class KeyPress:
    """Somebody who was called pressed a key: acknowledges the page of that attempt."""

    which: Which


@dataclass(frozen=True)
class Reply:
    """A text from `number` that acknowledges the page that it was last told of."""

    number: str


@dataclass(frozen=True)
class Click:
    """A button: acknowledges `page_id` in the name of the responder whose Slack id is `user`."""

    page_id: UUID
    user: str


@dataclass(frozen=True)
class Handled:
    """Somebody acknowledged, or resolved, the incident of `page_id` at the provider."""

    page_id: UUID
    resolved: bool


Said = Receipt | KeyPress | Reply | Click | Handled


def fields_of(raw: bytes) -> list[tuple[str, str]]:
    """The fields of a form or a query; none where it is neither, or holds NUL, which cannot be looked up."""
    try:
        fields = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return []
    return [] if any("\x00" in text for field in fields for text in field) else fields


def uuid_or_none(value: object) -> UUID | None:
    """The id, or None where it is none."""
    try:
        return UUID(str(value))
    except ValueError:
        return None
