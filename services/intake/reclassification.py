"""Correcting what a case is: severity, policy area, language, region, graphic tier.

Pure. A policy area that the taxonomy does not have is a fault; values that change nothing change nothing.
"""

from datetime import datetime

from services.intake.case import UNCHANGED, Case, Decision, Who, advance
from services.intake.checks import area_faults, region_faults
from services.intake.commands import Reclassify
from services.intake.refusal import Invalid
from shared.config.models import Configuration
from shared.contracts.case_events import CaseReclassified, Classification, ReclassifiedChange
from shared.contracts.vocabulary import ReclassifyCause


def classification(case: Case) -> Classification:
    """What reclassifying can change, as it is."""
    return Classification(
        severity=case.severity,
        policy_area=case.policy_area,
        language=case.language,
        region=case.region,
        graphic=case.graphic,
    )


def reclassify(case: Case, command: Reclassify, *, config: Configuration, who: Who, now: datetime) -> Decision:
    """Take over the fields that were given."""
    faults = [*area_faults(command.policy_area or case.policy_area, config), *region_faults(command.region or "ZZ")]
    if faults:
        raise Invalid(*faults)
    before = classification(case)
    after = before.model_copy(update=command.changes)
    if after == before:
        return UNCHANGED
    change = ReclassifiedChange(before=before, after=after, cause=ReclassifyCause.COMMAND, reason=command.reason)
    step = advance(case, CaseReclassified, change, who=who, now=now, **command.changes)
    return Decision((step,))
