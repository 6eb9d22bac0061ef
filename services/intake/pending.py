"""Waiting: the set of reasons for which a case is pending, and how each of them ends.

Pure. A reason that is added twice is one reason with the later `until`; the case is acknowledged again
when none is left.
"""

from datetime import datetime

from services.intake.case import INTAKE, UNCHANGED, Case, Decision, Pend, Step, Who, advance
from services.intake.commands import PendCommand, Resume
from services.intake.refusal import Fault, Invalid, Reason, Refusal
from shared.contracts.case_events import CasePended, CaseResumed, PendChange
from shared.contracts.vocabulary import CaseStatus


def pend(case: Case, command: PendCommand, *, who: Who, now: datetime) -> Decision:
    """Add a reason, or give one that holds another `until`."""
    if command.until is not None and command.until <= now:
        raise Invalid(Fault(("until",), "until lies ahead; leave it out to wait until resumed"))
    added = Pend(command.reason, command.until)
    if added in case.pends:
        return UNCHANGED
    pends = (*(p for p in case.pends if p.reason != command.reason), added)
    change = PendChange(reason=added.reason, until=added.until, reasons=_reasons(pends))
    return Decision((advance(case, CasePended, change, who=who, now=now, status=CaseStatus.PENDING, pends=pends),))


def resume(case: Case, command: Resume, *, who: Who, now: datetime) -> Decision:
    """End one reason, or all of them."""
    if command.reason is not None and command.reason not in _reasons(case.pends):
        raise Refusal(Reason.ILLEGAL_TRANSITION, f"the case does not wait for {command.reason!r}")
    return Decision((end(case, command.reason, who=who, now=now),))


def end(case: Case, reason: str | None, *, who: Who, now: datetime, occurred_at: datetime | None = None) -> Step:
    """The step that ends one reason, or all of them (None); `occurred_at` is its `until` when it ends by itself."""
    pends = tuple(p for p in case.pends if reason is not None and p.reason != reason)
    status = CaseStatus.PENDING if pends else CaseStatus.ACKNOWLEDGED
    change = PendChange(reason=reason, until=occurred_at, reasons=_reasons(pends))
    return advance(case, CaseResumed, change, who=who, now=now, occurred_at=occurred_at, status=status, pends=pends)


def expire(case: Case, *, now: datetime) -> tuple[Step, ...]:
    """End every reason whose `until` has come, at that instant, the earliest first."""
    steps: list[Step] = []
    due = sorted((p.until, p.reason) for p in case.pends if p.until is not None and p.until <= now)
    for until, reason in due:
        steps.append(end(case, reason, who=INTAKE, now=now, occurred_at=until))
        case = steps[-1].case
    return tuple(steps)


def _reasons(pends: tuple[Pend, ...]) -> tuple[str, ...]:
    return tuple(pend.reason for pend in pends)
