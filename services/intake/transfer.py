"""Handing a case over: to a specialist or a pool, and what forbids it even to a person.

Pure. Certification, conflict of interest and opt-outs hold (semantics section 1); capacity, shift, language
and the like are overridden. Minutes of exposure are the router's to judge: only it keeps that ledger.
"""

from datetime import datetime

from services.intake.case import Case, Decision, Step, Who, advance
from services.intake.commands import Transfer
from services.intake.pending import end
from services.intake.refusal import Fault, Invalid, Reason, Refusal
from shared.config.models import Configuration, Specialist
from shared.config.regions import covers
from shared.contracts.case_events import CaseTransferred, TransferredChange, TransferTarget
from shared.contracts.vocabulary import UNKNOWN_REGION, CaseStatus


def transfer(case: Case, command: Transfer, *, config: Configuration, who: Who, now: datetime) -> Decision:
    """The case is open again and asked for by name; a pending one resumes first."""
    if command.override_exposure and not who.is_lead:
        raise Refusal(Reason.LEADS_ONLY, "override_exposure is for leads")
    _check(case, command, config, who)
    resumed: tuple[Step, ...] = (end(case, None, who=who, now=now),) if case.pends else ()
    case = resumed[-1].case if resumed else case
    change = TransferredChange(
        to=TransferTarget(specialist=command.to.specialist, pool=command.to.pool),
        reason=command.reason,
        override_exposure=command.override_exposure,
    )
    step = advance(
        case,
        CaseTransferred,
        change,
        who=who,
        now=now,
        status=CaseStatus.OPEN,
        acknowledged_at=None,
        acknowledged_by=None,
    )
    return Decision((*resumed, step))


def _check(case: Case, command: Transfer, config: Configuration, who: Who) -> None:
    if command.to.pool is not None:
        if command.to.pool not in config.roster.pools:
            raise Invalid(Fault(("to", "pool"), f"the roster has no pool {command.to.pool!r}"))
        return
    specialist = next((s for s in config.roster.specialists if s.id == command.to.specialist), None)
    if specialist is None:
        raise Invalid(Fault(("to", "specialist"), f"the roster has no specialist {command.to.specialist!r}"))
    _refuse(specialist, case, command, config, who)


def _refuse(specialist: Specialist, case: Case, command: Transfer, config: Configuration, who: Who) -> None:
    area = config.taxonomy.policy_areas.get(case.policy_area)
    needed = area.certification if area else None
    if needed is not None and needed not in specialist.certifications:
        raise Refusal(Reason.MISSING_CERTIFICATION, f"{specialist.id} does not hold the certification {needed}")
    if specialist.id in case.excluded_specialists:
        raise Refusal(Reason.CONFLICT_OF_INTEREST, f"{specialist.id} is excluded from this case")
    if case.region != UNKNOWN_REGION and covers(specialist.affiliations, case.region):
        raise _private(Reason.CONFLICT_OF_INTEREST, "has declared a conflict of interest", specialist, who)
    if case.policy_area in specialist.opt_outs and not command.override_exposure:
        raise _private(Reason.OPTED_OUT, "has opted out of the policy area", specialist, who)


def _private(reason: Reason, words: str, specialist: Specialist, who: Who) -> Refusal:
    """What only that person and leads may know reads `unavailable` to all others."""
    if who.is_lead or who.id == specialist.id:
        return Refusal(reason, f"{specialist.id} {words}")
    return Refusal(Reason.UNAVAILABLE, f"{specialist.id} is unavailable for this case")
