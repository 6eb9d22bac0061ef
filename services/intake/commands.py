"""The bodies of the ten commands (contract section 4): what people send about a case.

Pure shapes. What each is allowed to do, and leads to, is decided in `transitions`.
"""

from datetime import timedelta
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field, StrictBool, field_validator, model_validator

from shared.contracts.escalation import Input, Name, Tier
from shared.contracts.scalars import Duration, Instant, LanguageTag, Region, SafeText
from shared.contracts.vocabulary import ActionScope, NoteVisibility, Outcome, ReopenKind, Severity

Text = Annotated[SafeText, Field(min_length=1, max_length=20_000)]
Why = Annotated[SafeText, Field(min_length=1, max_length=2000)]
PendReason = Annotated[SafeText, Field(min_length=1, max_length=200)]

LONGEST = timedelta(days=36500)


class Command(Input):
    """Base of the commands; `name` is the last part of the path."""

    name: ClassVar[str]


class Acknowledge(Command):
    """Take the case on."""

    name: ClassVar[str] = "acknowledge"
    occurred_at: Instant | None = None


class PendCommand(Command):
    """Wait for something outside; `until` ends the reason by itself."""

    name: ClassVar[str] = "pend"
    reason: PendReason
    until: Instant | None = None


class Resume(Command):
    """End one reason for waiting, or all of them."""

    name: ClassVar[str] = "resume"
    reason: PendReason | None = None


class Act(Command):
    """Take an action, propose one that needs two persons, or confirm such a proposal."""

    name: ClassVar[str] = "act"
    action: Name
    scope: ActionScope
    regions: Annotated[tuple[Region, ...], Field(max_length=250)] = ()
    duration: Duration | None = None
    reason: Why
    confirms: UUID | None = None
    occurred_at: Instant | None = None

    @field_validator("duration")
    @classmethod
    def _is_positive(cls, value: timedelta | None) -> timedelta | None:
        if value is not None and value <= timedelta(0):
            raise ValueError("a duration is longer than nothing")
        if value is not None and value > LONGEST:
            raise ValueError("a duration has at most 36500 days")
        return value


class Reclassify(Command):
    """Correct what the case is."""

    name: ClassVar[str] = "reclassify"
    severity: Severity | None = None
    policy_area: Name | None = None
    language: LanguageTag | None = None
    region: Region | None = None
    graphic: Tier | None = None
    reason: Why

    @model_validator(mode="after")
    def _changes_something(self) -> "Reclassify":
        if not self.changes:
            raise ValueError("give at least one of severity, policy_area, language, region, graphic")
        return self

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that were given."""
        return self.model_dump(exclude={"reason"}, exclude_none=True)


class Target(Input):
    """One specialist, or one pool."""

    specialist: Name | None = None
    pool: Name | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Target":
        if (self.specialist is None) == (self.pool is None):
            raise ValueError("give either specialist or pool")
        return self


class Transfer(Command):
    """Hand the case to a specialist or a pool."""

    name: ClassVar[str] = "transfer"
    to: Target
    reason: Why
    override_exposure: StrictBool = False


class Update(Command):
    """Tell the stakeholders."""

    name: ClassVar[str] = "update"
    text: Text
    language: LanguageTag | None = None


class NoteCommand(Command):
    """Write something down, for the team or for the sources as well."""

    name: ClassVar[str] = "note"
    text: Text
    visibility: NoteVisibility = NoteVisibility.INTERNAL


class Resolve(Command):
    """End the case."""

    name: ClassVar[str] = "resolve"
    outcome: Outcome
    summary: Why
    root_cause: Why | None = None
    occurred_at: Instant | None = None


class Reopen(Command):
    """Take a resolved case up again."""

    name: ClassVar[str] = "reopen"
    kind: ReopenKind
    reason: Why


_WRITTEN_BY_PEOPLE = frozenset({"reason", "text", "summary", "root_cause"})


def asked(command: Command) -> dict[str, Any]:
    """What the audit keeps of a command: ids, words of fixed vocabularies and instants, no text that people wrote."""
    kept: dict[str, Any] = command.model_dump(mode="json", exclude=set(_WRITTEN_BY_PEOPLE), exclude_none=True)
    return kept


COMMANDS: tuple[type[Command], ...] = (
    Acknowledge,
    PendCommand,
    Resume,
    Act,
    Reclassify,
    Transfer,
    Update,
    NoteCommand,
    Resolve,
    Reopen,
)
