"""Every clock of a case by its facts: the internal and the regulatory ones together. Pure."""

from dataclasses import dataclass

from services.sla_monitor import internal, legal
from services.sla_monitor.evaluation import Course
from services.sla_monitor.facts import Facts
from services.sla_monitor.legal import Book


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every clock of a case, and why one it should have cannot be started yet (None: all are)."""

    courses: tuple[Course, ...]
    waiting: str | None


def judge(facts: Facts, book: Book) -> Judgement:
    """All clocks that `facts` (with an opening report and a profile) give a case."""
    courses = (
        *internal.once(facts, book.pinned),
        *internal.updates(facts, book.pinned),
        *internal.resolve(facts, book.pinned),
        *legal.by_law(facts, book.pinned),
        *legal.by_order(facts, book),
    )
    return Judgement(courses, legal.missing_definition(facts, book))
