"""The two ways in which work fails: for now (`Transient`) and for good (`Permanent`).

A `Transient` is retried after a pause and never counts against the work itself. A `Permanent` carries a
reason that is also a metric's label and a dead letter's header.
"""

from enum import StrEnum


class TocsinError(Exception):
    """Base of every error that Tocsin raises on purpose."""


class Transient(TocsinError):
    """Something that the work needs is away (PostgreSQL, Kafka, the network); try again after `retry_after` s."""

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentReason(StrEnum):
    """Why work can never succeed as it is; label of `tocsin_dead_letters_total`."""

    UNREADABLE = "unreadable"
    INVALID = "invalid"
    CONFLICTING_SEQUENCE = "conflicting_sequence"
    HANDLER_FAILED = "handler_failed"
    PARKED = "parked"
    TOO_LARGE = "too_large"


class Permanent(TocsinError):
    """The work can never succeed as it is; `reason` says why in one word, the message in full."""

    def __init__(self, reason: PermanentReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
