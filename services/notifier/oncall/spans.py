"""Half-open spans of time and what can be done with them: clip, merge, lay one list over another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice


@dataclass(frozen=True, order=True)
class Span:
    """[start, end) in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Cell:
    """One responder over one span, and the layer or override that says so; None is an empty place."""

    start: datetime
    end: datetime
    responder: str | None
    source: str


def union(spans: Iterable[Span]) -> list[Span]:
    """Sorted spans without overlap or touch that cover the same time; empty ones vanish."""
    merged: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.end):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def clip(cells: Iterable[Cell], start: datetime, end: datetime) -> list[Cell]:
    """The parts of the cells that lie in [start, end)."""
    cut = (replace(cell, start=max(cell.start, start), end=min(cell.end, end)) for cell in cells)
    return [cell for cell in cut if cell.start < cell.end]


def overlay(base: Sequence[Cell], top: Sequence[Cell]) -> list[Cell]:
    """Two sorted lists without overlap each: `top` wherever it covers, `base` elsewhere."""
    result: list[Cell] = list(top)
    first = 0
    for cell in base:
        while first < len(top) and top[first].end <= cell.start:
            first += 1
        result.extend(_uncovered(cell, top, first))
    return sorted(result, key=lambda cell: cell.start)


def merge(cells: Iterable[Cell]) -> list[Cell]:
    """Adjacent cells of one responder and source become one."""
    merged: list[Cell] = []
    for cell in cells:
        last = merged[-1] if merged else None
        if last and (last.end, last.responder, last.source) == (cell.start, cell.responder, cell.source):
            merged[-1] = replace(last, end=cell.end)
        else:
            merged.append(cell)
    return merged


def _uncovered(cell: Cell, top: Sequence[Cell], first: int) -> list[Cell]:
    """What is left of `cell` beside `top[first:]`."""
    parts, start = [], cell.start
    for above in islice(top, first, None):
        if above.start >= cell.end:
            break
        if above.start > start:
            parts.append(replace(cell, start=start, end=above.start))
        start = max(start, above.end)
    if start < cell.end:
        parts.append(replace(cell, start=start))
    return parts
