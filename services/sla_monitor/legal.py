"""Regulatory clocks of a case: started by a law itself or by an order, whatever its severity. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.sla_monitor.definitions import Rules, Terms, stop_actions, terms_under
from services.sla_monitor.evaluation import Course, Track, courses_along, pauses_for
from services.sla_monitor.facts import Facts, Mark, Order, Profile, Report
from shared.config.sla import LegalClock


@dataclass(frozen=True, slots=True)
class Book:
    """The rules to judge a case by: those pinned when it was first seen, and the latest.

    `pinned_orders` holds the version under which the clock of an order was started, where it was.
    """

    pinned: Rules
    latest: Rules
    pinned_orders: dict[tuple[str, str], Rules]


def by_law(facts: Facts, rules: Rules) -> Iterator[Course]:
    """Clocks that a law starts by itself: with any report, or with a report by a certain kind of reporter."""
    for definition in rules.by_report:
        yield from _legal_courses(facts, rules, definition, facts.opening)
    for kind, definitions in rules.by_reporter.items():
        report = next((report for report in facts.reports if report.reporter_type is kind), None)
        if report is not None:
            for definition in definitions:
                yield from _legal_courses(facts, rules, definition, report)


def _legal_courses(facts: Facts, rules: Rules, definition: LegalClock, report: Report) -> list[Course]:
    start = report.received_at
    profiles = facts.profiles_from(report)
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


def missing_definition(facts: Facts, book: Book) -> str | None:
    """Why the clock of an order cannot be started yet; None when all can."""
    return next((reason for _, order in _orders(facts) if (reason := _missing(book, order)) is not None), None)


def _missing(book: Book, order: Order) -> str | None:
    rules = _rules_for(book, order)
    if rules is None:
        return f"unknown_clock:{order.clock}"
    return None if _order_terms(rules.by_id[order.clock], order) else f"order_without_due:{order.clock}"


def _order_terms(definition: LegalClock, order: Order) -> Terms | None:
    """The order's own due instant wins over the target. One before the order was received leaves no time at all: such
    a clock is due when it starts."""
    if order.due_at is not None:
        return Terms(max(order.due_at - order.received_at, timedelta(0)))
    return None if definition.target is None else Terms(definition.target, definition.calendar)


def by_order(facts: Facts, book: Book) -> Iterator[Course]:
    """A clock for each order, whatever the case is classified as; a further order is a further cycle."""
    cycles: dict[str, int] = {}
    for report, order in _orders(facts):
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
