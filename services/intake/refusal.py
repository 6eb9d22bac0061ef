"""Why intake says no: the reasons, as words that are also the slugs of problems.

Pure. The edge turns a `Refusal` into a problem document; nothing is written when one is raised.
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.errors import Transient


class Reason(StrEnum):
    """Slug of the problem that a caller gets."""

    EXTERNAL_ID_CONFLICT = "external-id-conflict"
    ILLEGAL_TRANSITION = "illegal-transition"
    SAME_PRINCIPAL = "same-principal"
    NOT_THE_PROPOSAL = "not-the-proposal"
    ALREADY_DONE = "already-done"
    MISSING_CERTIFICATION = "missing-certification"
    CONFLICT_OF_INTEREST = "conflict-of-interest"
    OPTED_OUT = "opted-out"
    UNAVAILABLE = "unavailable"
    LEADS_ONLY = "leads-only"
    NOT_FOR_SOURCES = "not-for-sources"
    VERSION_MISMATCH = "version-mismatch"
    NOT_FOUND = "not-found"


STATUS = {
    Reason.LEADS_ONLY: 403,
    Reason.NOT_FOR_SOURCES: 403,
    Reason.NOT_FOUND: 404,
    Reason.VERSION_MISMATCH: 412,
}
"""HTTP status of a reason; 409 for those that are not named."""


class Refusal(Exception):
    """The request is well formed, and this case in this state does not allow it."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail

    @property
    def status(self) -> int:
        """The HTTP status that says so."""
        return STATUS.get(self.reason, 409)


class Crowded(Transient):
    """This source has too much waiting already; nothing of the request is stored."""


@dataclass(frozen=True)
class Fault:
    """One field that cannot be used: where it stands in the JSON sent, and what would be right."""

    loc: tuple[str | int, ...]
    msg: str


class Invalid(Exception):
    """The request cannot be used as it is; every fault is named."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(fault.msg for fault in faults))
        self.faults = faults
