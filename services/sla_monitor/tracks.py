"""From the facts of a case to the lines of clocks it has: the start and stop table of semantics section 2. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.sla_monitor.definitions import (
    ACKNOWLEDGE,
    FIRST_ACTION,
    RESOLVE,
    UPDATE,
    Rules,
    Terms,
    stop_actions,
    terms_under,
)
from services.sla_monitor.evaluation import Course, Track, courses_along, pauses_for
from services.sla_monitor.facts import Facts, Mark, Order, Profile, Report
from services.sla_monitor.spans import Span, union
from shared.config.sla import LegalClock
from shared.contracts.vocabulary import ClockKind

REOPEN_RESUMES_WITHIN = timedelta(hours=72)
"""Reopened within this time, `resolve` goes on without the time in between; later, a new cycle starts."""


@dataclass(frozen=True, slots=True)
class Book:
    """The rules to judge a case by: those pinned when it was first seen, and the latest.

    `pinned_orders` holds the version under which the clock of an order was started, where it was.
    """

    pinned: Rules
    latest: Rules
    pinned_orders: dict[tuple[str, str], Rules]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every clock of a case, and why one it should have cannot be started yet (None: all are)."""

    courses: tuple[Course, ...]
    waiting: str | None


def judge(facts: Facts, book: Book) -> Judgement:
    """All clocks that `facts` (with an opening report and a profile) give a case."""
    orders = list(_orders(facts))
    waiting = [reason for _, order in orders if (reason := _missing(book, order)) is not None]
    courses = [
        *_internal(facts, book.pinned),
        *_updates(facts, book.pinned),
        *_resolve(facts, book.pinned),
        *_legal(facts, book.pinned),
        *_ordered(facts, book, orders),
    ]
    return Judgement(tuple(courses), waiting[0] if waiting else None)


def _opening(facts: Facts) -> Report:
    return next((report for report in facts.reports if report.opening), facts.reports[0])


def _internal(facts: Facts, rules: Rules) -> Iterator[Course]:
    """`acknowledge` and `first_action`: once for a case, whatever becomes of it later."""
    acknowledged = () if facts.acknowledged is None else (facts.acknowledged,)
    acted = tuple(Mark(action.seq, action.at) for action in facts.actions)
    opening = _opening(facts)
    for name, marks, pauses in (
        (ACKNOWLEDGE, acknowledged, ()),
        (FIRST_ACTION, acted, pauses_for(facts.pendings, _any_reason)),
    ):
        yield from courses_along(
            Track(
                name=name,
                kind=ClockKind.INTERNAL,
                rules=rules,
                start=opening.received_at,
                known_at=opening.at,
                terms=_by_severity(facts.profiles, rules, name),
                stops=(*marks, *facts.resolutions),
                pauses=pauses,
            )
        )


def _by_severity(profiles: tuple[Profile, ...], rules: Rules, name: str) -> tuple[tuple[Profile, Terms | None], ...]:
    targets = rules.internal[name]
    return tuple((profile, targets.get(profile.severity)) for profile in profiles)


def _any_reason(reason: str) -> bool:
    return bool(reason)


def _updates(facts: Facts, rules: Rules) -> list[Course]:
    """A cycle from the first report with stakeholders, from each update and from each reopening on."""
    first = next((report for report in facts.reports if report.stakeholders), None)
    if first is None:
        return []
    starts = [
        Mark(first.seq, first.at),
        *(mark for mark in _by_seq(facts.updates, facts.reopenings) if mark.seq > first.seq),
    ]
    found: list[Course] = []
    pauses = pauses_for(facts.pendings, _any_reason)
    for place, start in enumerate(starts):
        following = starts[place + 1] if place + 1 < len(starts) else None
        found += courses_along(_update_track(facts, rules, start, following, pauses), first_cycle=len(found) + 1)
    return found


def _update_track(facts: Facts, rules: Rules, start: Mark, following: Mark | None, pauses: tuple[Span, ...]) -> Track:
    resolved = next((mark.at for mark in facts.resolutions if mark.seq > start.seq), None)
    return Track(
        name=UPDATE,
        kind=ClockKind.INTERNAL,
        rules=rules,
        start=start.at,
        known_at=start.at,
        terms=_by_severity(_in_force(facts.profiles, start, following), rules, UPDATE),
        seq=start.seq,
        stops=() if following is None or following in facts.reopenings else (following,),
        cancelled=resolved,
        pauses=pauses,
    )


def _in_force(profiles: tuple[Profile, ...], start: Mark, following: Mark | None) -> tuple[Profile, ...]:
    """The profile that held at `start` and those that came before `following`."""
    before = [profile for profile in profiles if profile.seq <= start.seq]
    later = (p for p in profiles if p.seq > start.seq and (following is None or p.seq < following.seq))
    return (*before[-1:], *later)


def _by_seq(*marks: tuple[Mark, ...]) -> list[Mark]:
    return sorted((mark for group in marks for mark in group), key=lambda mark: mark.seq)


def _resolve(facts: Facts, rules: Rules) -> list[Course]:
    """One cycle, and another for each time the case was reopened long after it was resolved."""
    opening = _opening(facts)
    start, pauses = Mark(0, opening.received_at), list(pauses_for(facts.pendings, _any_reason))
    found: list[Course] = []
    resolved: Mark | None = None
    for mark in _by_seq(facts.resolutions, facts.reopenings):
        if mark in facts.resolutions:
            resolved = resolved or mark
        elif resolved is not None and mark.at - resolved.at <= REOPEN_RESUMES_WITHIN:
            pauses.append(Span(resolved.at, mark.at))
            resolved = None
        elif resolved is not None:
            found += _resolve_cycle(facts, rules, start, resolved, pauses, cycle=len(found) + 1)
            start, resolved = mark, None
    return found + _resolve_cycle(facts, rules, start, resolved, pauses, cycle=len(found) + 1)


def _resolve_cycle(
    facts: Facts, rules: Rules, start: Mark, resolved: Mark | None, pauses: list[Span], *, cycle: int
) -> list[Course]:
    known_at = start.at if start.seq else _opening(facts).at
    track = Track(
        name=RESOLVE,
        kind=ClockKind.INTERNAL,
        rules=rules,
        start=start.at,
        known_at=known_at,
        terms=_by_severity(_in_force(facts.profiles, start, None) if start.seq else facts.profiles, rules, RESOLVE),
        seq=start.seq,
        stops=() if resolved is None else (resolved,),
        pauses=union(pauses),
    )
    return courses_along(track, first_cycle=cycle)


def _legal(facts: Facts, rules: Rules) -> Iterator[Course]:
    """Clocks that a law starts by itself: with any report, or with a report by a certain kind of reporter."""
    for definition in rules.by_report:
        yield from _legal_courses(facts, rules, definition, _opening(facts))
    for kind, definitions in rules.by_reporter.items():
        report = next((report for report in facts.reports if report.reporter_type is kind), None)
        if report is not None:
            for definition in definitions:
                yield from _legal_courses(facts, rules, definition, report)


def _legal_courses(facts: Facts, rules: Rules, definition: LegalClock, report: Report) -> list[Course]:
    start = report.received_at
    profiles = _in_force(facts.profiles, Mark(report.seq, report.at), None) or facts.profiles
    terms = tuple((profile, terms_under(definition, profile, start)) for profile in profiles)
    return courses_along(_legal_track(facts, rules, definition, start=start, report=report, terms=terms))


def _legal_track(
    facts: Facts,
    rules: Rules,
    definition: LegalClock,
    *,
    start: datetime,
    report: Report,
    terms: tuple[tuple[Profile, Terms | None], ...],
    reference: str = "",
) -> Track:
    actions = stop_actions(definition)
    return Track(
        name=definition.id,
        kind=definition.kind,
        rules=rules,
        start=start,
        known_at=report.at,
        terms=terms,
        reference=reference,
        seq=report.seq,
        stops=(*(Mark(a.seq, a.at) for a in facts.actions if a.action in actions), *facts.resolutions),
        pauses=pauses_for(facts.pendings, definition.suspended_by.__contains__),
    )


def _orders(facts: Facts) -> Iterator[tuple[Report, Order]]:
    """Each order once, by the report that brought it first."""
    seen: set[tuple[str, str]] = set()
    for report in facts.reports:
        for order in report.orders:
            if (order.clock, order.reference) not in seen:
                seen.add((order.clock, order.reference))
                yield report, order


def _rules_for(book: Book, order: Order) -> Rules | None:
    """The version to start (or that started) the clock of an order; None while no version knows it."""
    candidates = (book.pinned_orders.get((order.clock, order.reference)), book.pinned, book.latest)
    return next((rules for rules in candidates if rules is not None and order.clock in rules.by_id), None)


def _missing(book: Book, order: Order) -> str | None:
    rules = _rules_for(book, order)
    if rules is None:
        return f"unknown_clock:{order.clock}"
    return None if _order_terms(rules.by_id[order.clock], order) else f"order_without_due:{order.clock}"


def _order_terms(definition: LegalClock, order: Order) -> Terms | None:
    """The order's own due instant wins over the target."""
    if order.due_at is not None:
        return Terms(max(order.due_at - order.received_at, timedelta(0)))
    return None if definition.target is None else Terms(definition.target, definition.calendar)


def _ordered(facts: Facts, book: Book, orders: list[tuple[Report, Order]]) -> Iterator[Course]:
    """A clock for each order, whatever the case is classified as; a further order is a further cycle."""
    cycles: dict[str, int] = {}
    for report, order in orders:
        cycle = cycles[order.clock] = cycles.get(order.clock, 0) + 1
        rules = _rules_for(book, order)
        terms = None if rules is None else _order_terms(rules.by_id[order.clock], order)
        if rules is None or terms is None:
            continue
        track = _legal_track(
            facts,
            rules,
            rules.by_id[order.clock],
            start=order.received_at,
            report=report,
            terms=((facts.profiles[0], terms),),
            reference=order.reference,
        )
        yield from courses_along(track, first_cycle=cycle)
