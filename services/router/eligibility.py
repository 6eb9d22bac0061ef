"""Who may take a case: the hard filters, each with the reason that it leaves in the explanation. Pure.

Filters that hold for good (certification, conflicts, opt-outs) are told apart from those of the moment
(shift, presence, capacity): the first are looked up once per need, the second in each round.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.router.directory import affiliated, knows_area
from services.router.language import closest, parse
from services.router.need import Need
from services.router.rules import Rules
from services.router.specialist import Specialist, Standing
from shared.config.regions import covers
from shared.contracts.vocabulary import Presence, Requirement


class Reason(StrEnum):
    """Why somebody may not take a case (semantics section 1)."""

    OFF_SHIFT = "off_shift"
    NOT_AVAILABLE = "not_available"
    AT_CAPACITY = "at_capacity"
    MISSING_CERTIFICATION = "missing_certification"
    LANGUAGE = "language"
    REGION = "region"
    POLICY_AREA = "policy_area"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    EXPOSURE_CAP = "exposure_cap"
    EXPOSURE_SPACING = "exposure_spacing"
    OPTED_OUT = "opted_out"
    DECLINED_BEFORE = "declined_before"
    SHIFT_ENDS = "shift_ends"
    NOT_TRANSFERRED_TO = "not_transferred_to"


PRIVATE = frozenset({Reason.EXPOSURE_CAP, Reason.EXPOSURE_SPACING, Reason.OPTED_OUT, Reason.CONFLICT_OF_INTEREST})
"""Shown as `unavailable` to everybody but that person and leads."""

UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Fit:
    """One specialist and one need: what forbids it for good, what does not match, how far the language is."""

    specialist: Specialist
    forbidden: tuple[Reason, ...]
    misses: frozenset[Requirement]
    distance: float
    handling: timedelta


def fit(need: Need, specialist: Specialist, rules: Rules) -> Fit:
    """How `specialist` fits `need`, whatever the hour."""
    near = closest(parse(need.language), specialist.languages, min_proficiency=rules.routing.min_proficiency)
    misses = frozenset(_misses(need, specialist, understood=near is not None))
    forbidden = _binding(need, specialist, rules)
    if need.policy_area in specialist.opt_outs and not need.override_exposure:
        forbidden.append(Reason.OPTED_OUT)
    if need.specialist != specialist.id:
        forbidden += _for_good(need, specialist, misses, rules)
    return Fit(specialist, tuple(forbidden), misses, near or 0.0, rules.handling(need.policy_area, misses))


def hindrances(
    standing: Standing, *, capacity: int, units: int, handling: timedelta, now: datetime
) -> tuple[Reason, ...]:
    """What stands in somebody's way at this moment."""
    if standing.shift is None:
        return _OFF_SHIFT
    found = []
    if standing.presence is not Presence.AVAILABLE:
        found.append(Reason.NOT_AVAILABLE)
    if standing.load + units > capacity:
        found.append(Reason.AT_CAPACITY)
    if standing.shift.end - now < handling:
        found.append(Reason.SHIFT_ENDS)
    return tuple(found)


_OFF_SHIFT = (Reason.OFF_SHIFT,)


def refusal(need: Need, specialist: Specialist, rules: Rules) -> Reason | None:
    """What forbids even a claim (a certification that is missing, a conflict); None when nothing does."""
    return next(iter(_binding(need, specialist, rules)), None)


def has_conflict(need: Need, specialist: Specialist) -> bool:
    """Named as conflicted, or with a declared affiliation to the case's region."""
    return specialist.id in need.conflicted or affiliated(specialist, need.region)


def _binding(need: Need, specialist: Specialist, rules: Rules) -> list[Reason]:
    found = []
    certification = rules.certification(need.policy_area)
    if certification is not None and certification not in specialist.certifications:
        found.append(Reason.MISSING_CERTIFICATION)
    if has_conflict(need, specialist):
        found.append(Reason.CONFLICT_OF_INTEREST)
    return found


def _for_good(need: Need, specialist: Specialist, misses: frozenset[Requirement], rules: Rules) -> list[Reason]:
    ladder = rules.ladder(need.severity)
    found = [Reason(miss) for miss in Requirement if miss in misses and miss not in ladder]
    if specialist.id in need.declined:
        found.append(Reason.DECLINED_BEFORE)
    if not _addressed(need, specialist, rules):
        found.append(Reason.NOT_TRANSFERRED_TO)
    return found


def _addressed(need: Need, specialist: Specialist, rules: Rules) -> bool:
    if need.specialist is not None:
        return need.specialist == specialist.id
    return need.pool is None or specialist.id in rules.pools.get(need.pool, ())


def _misses(need: Need, specialist: Specialist, *, understood: bool) -> list[Requirement]:
    found = []
    if not covers(specialist.regions, need.region):
        found.append(Requirement.REGION)
    if not knows_area(specialist, need.policy_area):
        found.append(Requirement.POLICY_AREA)
    if not understood:
        found.append(Requirement.LANGUAGE)
    return found
