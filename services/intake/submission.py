"""A posted escalation on its way in: what was sent, what becomes of it, and the plan for a batch of them.

Pure. The JSON as sent, before any default, tells a repetition from a conflict; the order of its keys does not.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from services.intake.case import Who
from services.intake.checks import faults_of
from services.intake.refusal import Fault, Invalid, Reason, Refusal
from services.intake.report import Slot, slot_of
from shared.config.models import Configuration
from shared.contracts.escalation import Escalation
from shared.contracts.vocabulary import SubmissionStatus

Identity = tuple[str, str]
"""(source, external_id): the same one is the same escalation."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One escalation as it was sent by `who`, checked against `config`; `body` is its JSON with sorted keys."""

    escalation: Escalation
    who: Who
    config: Configuration
    body: str
    body_sha256: bytes
    trace: str

    @property
    def identity(self) -> Identity:
        """What makes it the same escalation."""
        return self.who.id, self.escalation.external_id

    @property
    def slot(self) -> Slot | None:
        """Where it meets other reports about the same thing."""
        return slot_of(self.escalation.subject, self.escalation.policy_area)


@dataclass(frozen=True, slots=True)
class Known:
    """What became of an identity before; `version` is its case's now."""

    case_id: UUID
    version: int
    body_sha256: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a submission."""

    status: SubmissionStatus
    case_id: UUID
    version: int


MOST_FAULTS = 1000
"""Named one by one; the answer would otherwise be many times what was sent."""


def checked(sent: Any) -> Escalation:
    """The escalation in the JSON that was sent; `Invalid` names every field that cannot be used."""
    try:
        return Escalation.model_validate(sent)
    except ValidationError as error:
        if error.error_count() > MOST_FAULTS:
            raise Invalid(Fault((), f"{error.error_count()} things are wrong; is this an escalation?")) from None
        faults = error.errors(include_context=False, include_input=False, include_url=False)
        raise Invalid(*(Fault(tuple(e["loc"]), e["msg"].removeprefix("Value error, ")) for e in faults)) from None


def submission_of(sent: Any, *, who: Who, config: Configuration, trace: str) -> Submission:
    """The JSON that was sent, checked by itself and against `config`; `Invalid` names what cannot be used.

    `trace` is the `traceparent` of the request that brought it.
    """
    escalation = checked(sent)
    if faults := faults_of(escalation, config):
        raise Invalid(*faults)
    body = orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)
    return Submission(escalation, who, config, body.decode(), hashlib.sha256(body).digest(), trace)


def repeated(submission: Submission, before: Known) -> Outcome | Refusal:
    """What a submission gets whose identity is known: the same case, or a refusal when the body was another."""
    if before.body_sha256 != submission.body_sha256:
        detail = f"{submission.escalation.external_id!r} was sent before with another body; use a new external_id"
        return Refusal(Reason.EXTERNAL_ID_CONFLICT, detail)
    return Outcome(SubmissionStatus.DUPLICATE, before.case_id, before.version)


def first_of_each(submissions: Mapping[int, Submission]) -> dict[int, Submission]:
    """The first of each identity and of each slot: those can open cases side by side."""
    seen: set[Identity | Slot | None] = set()
    found = {}
    for place, submission in submissions.items():
        keys = {submission.identity, submission.slot} - {None}
        if seen.isdisjoint(keys):
            found[place] = submission
        seen |= keys
    return found
