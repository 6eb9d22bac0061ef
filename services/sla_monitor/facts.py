"""What the monitor remembers of a case: the facts that clocks start, stop and pause by. Pure.

Facts are a set. They are kept by the order in which their sender counted them (`seq`), whatever order they
came in, so that the same facts always give the same clocks. What can no longer change any clock is not kept.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from shared.contracts.vocabulary import ReporterType, Severity


@dataclass(frozen=True, slots=True)
class Mark:
    """Something happened at `at`; `seq` is intake's count, 0 for what another service said."""

    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """A legal order; known by (clock, reference)."""

    clock: str
    reference: str
    received_at: datetime
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report(Mark):
    """A report, `at` the instant at which intake took it; `opening` if it opened the case."""

    received_at: datetime
    reporter_type: ReporterType | None = None
    orders: tuple[Order, ...] = ()
    stakeholders: bool = False
    opening: bool = False


@dataclass(frozen=True, slots=True)
class Profile(Mark):
    """What decides which clocks a case has, in force from `at` on."""

    severity: Severity
    policy_area: str
    region: str


@dataclass(frozen=True, slots=True)
class Pending(Mark):
    """From `at` on the case is pending for exactly these reasons; none: it is not pending."""

    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action(Mark):
    """A remedy was done at `at`."""

    action: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known of one case. Each tuple is in the order of `seq`."""

    reports: tuple[Report, ...] = ()
    profiles: tuple[Profile, ...] = ()
    pendings: tuple[Pending, ...] = ()
    actions: tuple[Action, ...] = ()
    acknowledged: Mark | None = None
    updates: tuple[Mark, ...] = ()
    resolutions: tuple[Mark, ...] = ()
    reopenings: tuple[Mark, ...] = ()

    @property
    def opened(self) -> bool:
        """Whether intake has been heard of this case; before, no clock starts."""
        return bool(self.profiles)

    @property
    def opening(self) -> Report:
        """The report that opened the case."""
        return next((report for report in self.reports if report.opening), self.reports[0])

    def profiles_from(self, start: Mark, end: Mark | None = None) -> tuple[Profile, ...]:
        """The profile that held at `start` and those that came after it, before `end`."""
        before = [profile for profile in self.profiles if profile.seq <= start.seq]
        if not before:
            return self.profiles
        later = (p for p in self.profiles if p.seq > start.seq and (end is None or p.seq < end.seq))
        return (before[-1], *later)


Numbered = TypeVar("Numbered", bound=Mark)


def _placed(known: tuple[Numbered, ...], fact: Numbered) -> tuple[Numbered, ...]:
    """`known` with `fact` at its place; unchanged when it is there already."""
    if not known or known[-1].seq < fact.seq:
        return (*known, fact)
    if any(other.seq == fact.seq for other in known):
        return known
    return tuple(sorted((*known, fact), key=lambda other: other.seq))


def with_report(facts: Facts, report: Report) -> Facts:
    """Add a report unless a thousand like it have nothing new to say."""
    earlier = [known for known in facts.reports if known.seq <= report.seq]
    types = {known.reporter_type for known in earlier}
    orders = {(order.clock, order.reference) for known in earlier for order in known.orders}
    news = (
        report.opening
        or report.reporter_type not in types
        or (report.stakeholders and not any(known.stakeholders for known in earlier))
        or any((order.clock, order.reference) not in orders for order in report.orders)
    )
    return replace(facts, reports=_placed(facts.reports, report)) if news else facts


def with_profile(facts: Facts, profile: Profile, *, said: bool) -> Facts:
    """Add what the case is classified as; one that was not `said` but merely goes along only when it is new."""
    before = [known for known in facts.profiles if known.seq <= profile.seq]
    if not said and before and _classified(before[-1]) == _classified(profile):
        return facts
    return replace(facts, profiles=_placed(facts.profiles, profile))


def _classified(profile: Profile) -> tuple[Severity, str, str]:
    return profile.severity, profile.policy_area, profile.region


def with_pending(facts: Facts, pending: Pending) -> Facts:
    """Add the reasons that hold from now on."""
    return replace(facts, pendings=_placed(facts.pendings, pending))


def with_acknowledged(facts: Facts, mark: Mark) -> Facts:
    """Keep the earliest acknowledgement, whoever said it."""
    known = facts.acknowledged
    return facts if known is not None and known.at <= mark.at else replace(facts, acknowledged=mark)


def with_action(facts: Facts, action: Action) -> Facts:
    """Add a remedy that was done."""
    return replace(facts, actions=_placed(facts.actions, action))


def with_update(facts: Facts, mark: Mark) -> Facts:
    """Add an update to the stakeholders."""
    return replace(facts, updates=_placed(facts.updates, mark))


def with_resolution(facts: Facts, mark: Mark) -> Facts:
    """The case was resolved; that ends its pending, too."""
    ended = with_pending(facts, Pending(mark.seq, mark.at))
    return replace(ended, resolutions=_placed(ended.resolutions, mark))


def with_reopening(facts: Facts, mark: Mark) -> Facts:
    """The case was opened again."""
    return replace(facts, reopenings=_placed(facts.reopenings, mark))
