"""Half-open spans of UTC time and what is done with them: union, difference, clipping. Pure.

Every datetime here is aware and in UTC, so that a difference is physical seconds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

FOREVER = datetime.max.replace(tzinfo=UTC)
"""The end of what has no end yet."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """[start, end)."""

    start: datetime
    end: datetime = FOREVER

    def holds(self, at: datetime) -> bool:
        """Whether `at` lies inside; the end does not."""
        return self.start <= at < self.end


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same instants as disjoint spans in order; empty and touching ones vanish."""
    return tuple(merged(sorted(spans)))


def merged(spans: Iterable[Span]) -> Iterator[Span]:
    """As `union`, for spans that come in order of their start: reads only as far as it is asked."""
    last: Span | None = None
    for span in spans:
        if span.end <= span.start:
            continue
        if last is not None and span.start <= last.end:
            last = Span(last.start, max(last.end, span.end))
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last


def without(spans: Iterable[Span], holes: tuple[Span, ...]) -> Iterator[Span]:
    """The parts of `spans` outside `holes`; both disjoint and in order."""
    first = 0
    for span in spans:
        start = span.start
        while first < len(holes) and holes[first].end <= start:
            first += 1
        place = first
        while place < len(holes) and holes[place].start < span.end:
            if holes[place].start > start:
                yield Span(start, holes[place].start)
            start = max(start, holes[place].end)
            place += 1
        if start < span.end:
            yield Span(start, span.end)


def clipped(spans: Iterable[Span], bounds: Span) -> Iterator[Span]:
    """The parts of `spans` (in order) inside `bounds`; stops reading behind them."""
    for span in spans:
        if span.start >= bounds.end:
            return
        part = Span(max(span.start, bounds.start), min(span.end, bounds.end))
        if part.start < part.end:
            yield part
