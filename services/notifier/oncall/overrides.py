"""Overrides: one responder instead of what the layers say, for a span of time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.notifier.oncall.spans import Cell, clip, overlay


@dataclass(frozen=True)
class Override:
    """`responder` has [start, end): all of it, or only what the layers give to `replaces`."""

    id: str
    responder: str
    start: datetime
    end: datetime
    replaces: str | None = None


def apply(layered: Sequence[Cell], overrides: Iterable[Override], start: datetime, end: datetime) -> list[Cell]:
    """Lay `overrides`, in the order of their creation, over the cells of [start, end).

    The last created wins. They do not chain: `replaces` looks at the layers alone, and gaps stay gaps to it.
    """
    result = list(layered)
    for override in overrides:
        result = overlay(result, clip(_taken(override, layered), start, end))
    return result


def _taken(override: Override, layered: Sequence[Cell]) -> list[Cell]:
    if override.replaces is None:
        return [Cell(override.start, override.end, override.responder, override.id)]
    return [
        replace(cell, responder=override.responder, source=override.id)
        for cell in clip(layered, override.start, override.end)
        if cell.responder == override.replaces
    ]
