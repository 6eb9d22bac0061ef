"""The table of commands and states (contract section 4), and what each command leads to.

Pure. `decide` answers with the steps of a command or raises `Refusal` (this state does not allow it) or
`Invalid` (a value cannot be used).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.actions import act
from services.intake.case import UNCHANGED, Case, Decision, NewNote, Resolution, Step, Who, advance
from services.intake.commands import (
    Acknowledge,
    Act,
    Command,
    NoteCommand,
    PendCommand,
    Reclassify,
    Reopen,
    Resolve,
    Resume,
    Transfer,
    Update,
)
from services.intake.pending import expire, pend, resume
from services.intake.reclassification import reclassify
from services.intake.refusal import Fault, Invalid, Reason, Refusal
from services.intake.transfer import transfer
from shared.config.models import Configuration
from shared.contracts.case_events import (
    AcknowledgedChange,
    CaseAcknowledged,
    CaseNoted,
    CaseReopened,
    CaseResolved,
    CaseUpdatePosted,
    NotedChange,
    ReopenedChange,
    ResolvedChange,
    UpdateChange,
)
from shared.contracts.vocabulary import CaseStatus

_UNRESOLVED = frozenset({CaseStatus.OPEN, CaseStatus.ACKNOWLEDGED, CaseStatus.PENDING})

ALLOWED: dict[type[Command], frozenset[CaseStatus]] = {
    Acknowledge: frozenset({CaseStatus.OPEN, CaseStatus.ACKNOWLEDGED}),
    PendCommand: frozenset({CaseStatus.ACKNOWLEDGED, CaseStatus.PENDING}),
    Resume: frozenset({CaseStatus.PENDING}),
    Act: _UNRESOLVED,
    Reclassify: _UNRESOLVED,
    Transfer: _UNRESOLVED,
    Update: _UNRESOLVED,
    NoteCommand: frozenset(CaseStatus),
    Resolve: _UNRESOLVED,
    Reopen: frozenset({CaseStatus.RESOLVED}),
}
"""In which states a command is taken; everywhere else it is an illegal transition."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision looks at beside the case; `now` is read after the case is locked."""

    who: Who
    now: datetime
    config: Configuration
    new_id: Callable[[], UUID]


def decide(case: Case, command: Command, context: Context) -> Decision:
    """End what ended by itself before now, then take the command or refuse it."""
    settled = expire(case, now=context.now)
    case = settled[-1].case if settled else case
    _check_state(case, command)
    _check_occurred(case, command, context.now)
    decision = _DECIDERS[type(command)](case, command, context)
    return Decision((*settled, *decision.steps), decision.note)


def _check_state(case: Case, command: Command) -> None:
    if case.status not in ALLOWED[type(command)]:
        raise Refusal(Reason.ILLEGAL_TRANSITION, f"{command.name} is not possible while the case is {case.status}")


def _check_occurred(case: Case, command: Command, now: datetime) -> None:
    at: datetime | None = getattr(command, "occurred_at", None)
    if at is not None and not case.received_at <= at <= now:
        raise Invalid(Fault(("occurred_at",), "occurred_at lies between the case's received_at and now"))


def _acknowledge(case: Case, command: Acknowledge, context: Context) -> Decision:
    who = context.who
    if case.acknowledged_by == who.id:
        return UNCHANGED
    at = command.occurred_at or max(context.now, case.recorded_at)
    step = advance(
        case,
        CaseAcknowledged,
        AcknowledgedChange(by=who.id),
        who=who,
        now=context.now,
        occurred_at=at,
        status=CaseStatus.ACKNOWLEDGED,
        acknowledged_at=case.acknowledged_at or at,
        acknowledged_by=who.id,
    )
    return Decision((step,))


def _update(case: Case, command: Update, context: Context) -> Decision:
    change = UpdateChange(text=command.text, language=command.language, stakeholders=case.stakeholders)
    return Decision((advance(case, CaseUpdatePosted, change, who=context.who, now=context.now),))


def _note(case: Case, command: NoteCommand, context: Context) -> Decision:
    step = advance(case, CaseNoted, NotedChange(visibility=command.visibility), who=context.who, now=context.now)
    return Decision((step,), NewNote(command.text, command.visibility))


def _resolve(case: Case, command: Resolve, context: Context) -> Decision:
    at = command.occurred_at or max(context.now, case.recorded_at)
    step = advance(
        case,
        CaseResolved,
        ResolvedChange(outcome=command.outcome, root_cause=command.root_cause),
        who=context.who,
        now=context.now,
        occurred_at=at,
        status=CaseStatus.RESOLVED,
        resolved_at=at,
        outcome=command.outcome,
        resolution=Resolution(command.summary, command.root_cause, context.who.id),
        pends=(),
    )
    return Decision((step,))


def _reopen(case: Case, command: Reopen, context: Context) -> Decision:
    step: Step = advance(
        case,
        CaseReopened,
        ReopenedChange(kind=command.kind, reason=command.reason),
        who=context.who,
        now=context.now,
        status=CaseStatus.OPEN,
        acknowledged_at=None,
        acknowledged_by=None,
        resolved_at=None,
        outcome=None,
        resolution=None,
    )
    return Decision((step,))


_DECIDERS: dict[type[Command], Callable[[Case, Any, Context], Decision]] = {
    Acknowledge: _acknowledge,
    PendCommand: lambda case, command, c: pend(case, command, who=c.who, now=c.now),
    Resume: lambda case, command, c: resume(case, command, who=c.who, now=c.now),
    Act: lambda case, command, c: act(case, command, taxonomy=c.config.taxonomy, who=c.who, now=c.now, new_id=c.new_id),
    Reclassify: lambda case, command, c: reclassify(case, command, config=c.config, who=c.who, now=c.now),
    Transfer: lambda case, command, c: transfer(case, command, config=c.config, who=c.who, now=c.now),
    Update: _update,
    NoteCommand: _note,
    Resolve: _resolve,
    Reopen: _reopen,
}
