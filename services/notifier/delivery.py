"""What becomes of one attempt to reach somebody: its identity, its states by rank, its retries. Pure.

`sent` is not `delivered`. 2xx is success; 429, 5xx and what never left are retried; other answers are final.
What may have arrived unseen is `ambiguous` and goes out again under the same id.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from services.notifier.pages import Page
from shared.contracts.vocabulary import AttemptState, ChannelKind, Urgency

NAMESPACE = UUID("b9a1c2b0-6d2e-5f0e-9d56-7c1f5b0f3a44")
"""Of `webhook-id`; changing it would page people twice."""

TOO_LATE = timedelta(hours=1)
"""After this long past due nothing leaves any more."""

CLAIM_LIMIT = timedelta(seconds=11)
"""After which a claim without an outcome counts as lost; beyond the 10 s that a send may take."""

FIRST_BACKOFF = timedelta(milliseconds=500)
LONGEST_BACKOFF = timedelta(seconds=60)
LONGEST_RETRY_AFTER = timedelta(minutes=10)
"""A provider that asks for more is asked again after this."""


class NoticeType(StrEnum):
    """What a notice says; the `type` of its body."""

    TRIGGERED = "page.triggered"
    UPDATED = "page.updated"
    ESCALATED = "page.escalated"
    ACKNOWLEDGED = "page.acknowledged"
    RESOLVED = "page.resolved"


CALLS = frozenset({NoticeType.TRIGGERED, NoticeType.UPDATED, NoticeType.ESCALATED})
"""Notices that call somebody: none leaves for a page that is acknowledged or closed."""

OPENERS = frozenset({NoticeType.TRIGGERED, NoticeType.ESCALATED})
"""Calls that a step makes."""


@dataclass(frozen=True)
class Attempt:
    """One notice to one responder over one channel: an intent first, then what became of it.

    `due_at` is when it should leave; `next_at` when a worker looks at it again (None: never). A reason that
    joined is named by `about`. `webhook_id` is the same on each try.
    """

    attempt_id: UUID
    page_id: UUID
    webhook_id: UUID
    type: NoticeType
    responder: str | None
    channel: str
    step: int
    round: int
    urgency: Urgency
    due_at: datetime
    next_at: datetime | None
    destination: str
    kind: ChannelKind | None = None
    about: str | None = None
    state: AttemptState = AttemptState.PENDING
    tries: int = 0
    at: datetime | None = None
    provider_ref: str | None = None
    error: str | None = None

    @property
    def receipted(self) -> bool:
        """Whether it failed by a receipt: `provider_ref` is then the provider's own."""
        return self.state is AttemptState.FAILED and self.provider_ref not in {None, str(self.webhook_id)}


class Result(StrEnum):
    """How one try ended; label of `tocsin_page_attempts_total`."""

    SENT = "sent"
    RETRY = "retry"
    REFUSED = "refused"
    AMBIGUOUS = "ambiguous"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True)
class Outcome:
    """The end of one try. `status` is the provider's, where it gave one."""

    result: Result
    error: str | None = None
    status: int | None = None
    retry_after: timedelta | None = None
    provider_ref: str | None = None


_RANK = {
    AttemptState.PENDING: 0,
    AttemptState.SENDING: 1,
    AttemptState.AMBIGUOUS: 2,
    AttemptState.FAILED: 3,
    AttemptState.SUPPRESSED: 3,
    AttemptState.SENT: 4,
    AttemptState.DELIVERED: 5,
}

GOT_IT = frozenset({AttemptState.SENDING, AttemptState.AMBIGUOUS, AttemptState.SENT, AttemptState.DELIVERED})
"""States in which the responder has, or may have, the notice."""


_MAY_FAIL = frozenset({AttemptState.SENDING, AttemptState.AMBIGUOUS, AttemptState.SENT})
"""States that a receipt may turn into `failed`."""


def webhook_id(
    page_id: UUID, step: int, round_: int, responder: str | None, channel: str, type_: NoticeType, about: str | None
) -> UUID:
    """The identity of a notice (contract section 7): the same on every retry, different for each notice."""
    parts = (str(page_id), str(step), str(round_), responder or "", channel, type_.value, about or "")
    return uuid5(NAMESPACE, "\n".join(parts))


def unwanted(attempt: Attempt, page: Page, now: datetime) -> str | None:
    """Why this attempt must not leave now; None when it may. Looked at directly before each send."""
    if attempt.type in CALLS and not page.unacknowledged:
        return f"the page is {page.state.value}"
    if now - attempt.due_at > TOO_LATE:
        return f"not sent within {TOO_LATE // timedelta(minutes=1)} minutes of {attempt.due_at.isoformat()}"
    return None


def suppress(attempt: Attempt, why: str) -> Attempt:
    """The attempt taken back; one that may have arrived stays ambiguous and is not sent again."""
    if attempt.state is AttemptState.AMBIGUOUS:
        return replace(attempt, next_at=None)
    return replace(attempt, state=AttemptState.SUPPRESSED, next_at=None, error=why)


def settle(attempt: Attempt, outcome: Outcome, page: Page, now: datetime, jitter: float) -> Attempt:
    """The attempt after a try; `jitter` is from [0, 1). A retry that nobody wants any more is suppressed."""
    state = _STATE_AFTER[outcome.result]
    final = outcome.result in {Result.SENT, Result.REFUSED}
    settled = replace(
        attempt,
        state=state,
        at=now,
        error=outcome.error,
        provider_ref=outcome.provider_ref or attempt.provider_ref,
        next_at=None if final else now + pause(attempt.tries, outcome.retry_after, jitter),
    )
    why = None if final else unwanted(settled, page, now)
    return settled if why is None else suppress(settled, why)


def late_outcome(attempt: Attempt, outcome: Outcome, now: datetime) -> Attempt:
    """A try that ended after its claim was given up: only a success still counts, by rank.

    Not even that where the provider's receipt for this very message has said meanwhile that it failed.
    """
    if outcome.result is not Result.SENT or _RANK[attempt.state] >= _RANK[AttemptState.SENT]:
        return attempt
    if attempt.receipted and outcome.provider_ref == attempt.provider_ref:
        return attempt
    ref = outcome.provider_ref or attempt.provider_ref
    return replace(attempt, state=AttemptState.SENT, at=now, next_at=None, error=None, provider_ref=ref)


def received(attempt: Attempt, state: AttemptState, ref: str, error: str | None, now: datetime) -> Attempt:
    """The attempt after a provider's receipt for the message `ref`, or unchanged: receipts come out of order.

    By rank, so that `sent` never follows `delivered`; `failed` ends only what is not known to be delivered, and only
    if it is about the message that counts.
    """
    if state is AttemptState.FAILED:
        counts = attempt.provider_ref in {None, ref} and attempt.state in _MAY_FAIL
    else:
        counts = _RANK[state] > _RANK[attempt.state]
    if not counts:
        return attempt
    return replace(attempt, state=state, at=now, next_at=None, error=error, provider_ref=ref)


def pause(tries: int, retry_after: timedelta | None, jitter: float) -> timedelta:
    """How long to wait after the n-th try: doubling, by chance between half and all of it, at least as asked."""
    doubled: timedelta = FIRST_BACKOFF * float(2 ** min(max(tries - 1, 0), 10))
    backoff = min(LONGEST_BACKOFF, doubled) * (0.5 + jitter / 2)
    return max(backoff, min(retry_after or backoff, LONGEST_RETRY_AFTER))


_STATE_AFTER = {
    Result.SENT: AttemptState.SENT,
    Result.RETRY: AttemptState.PENDING,
    Result.REFUSED: AttemptState.FAILED,
    Result.AMBIGUOUS: AttemptState.AMBIGUOUS,
    Result.SUPPRESSED: AttemptState.SUPPRESSED,
}
