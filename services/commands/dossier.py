"""Everything the four services know of one case, gathered for a person: what `tocsin case` shows."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from services.client.caller import Caller, CallFailed, Refused
from services.client.shapes import CaseView, TimelineEntry
from shared.contracts.clock_explanation import ExplainedClock
from shared.contracts.views import AssignmentView, DecisionView, PageView, View
from shared.contracts.vocabulary import ServiceName

Shape = TypeVar("Shape", bound=View)


@dataclass(frozen=True)
class Dossier:
    """A case with what each service knows of it; `missing` says which service could not be asked, and why."""

    case: CaseView
    timeline: tuple[TimelineEntry, ...] = ()
    decisions: tuple[DecisionView, ...] = ()
    assignments: tuple[AssignmentView, ...] = ()
    clocks: tuple[ExplainedClock, ...] = ()
    pages: tuple[PageView, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)


async def gather(caller: Caller, case_id: UUID) -> Dossier:
    """Ask all four services about one case. The case itself must be known; of the rest, what can be had."""
    case = await caller.get(ServiceName.INTAKE, f"/v1/cases/{case_id}")
    missing: dict[str, str] = {}

    async def part(service: ServiceName, answer: Awaitable[Any]) -> Any:
        try:
            return await answer
        except CallFailed as error:
            missing[service] = _short(error)
            return []

    path = f"/v1/cases/{case_id}"
    asked = await asyncio.gather(
        part(ServiceName.INTAKE, caller.every(ServiceName.INTAKE, f"{path}/timeline")),
        part(ServiceName.ROUTER, caller.every(ServiceName.ROUTER, f"{path}/routing")),
        part(ServiceName.ROUTER, caller.every(ServiceName.ROUTER, "/v1/assignments", case_id=str(case_id))),
        part(ServiceName.SLA_MONITOR, caller.every(ServiceName.SLA_MONITOR, f"{path}/clocks")),
        part(ServiceName.NOTIFIER, caller.every(ServiceName.NOTIFIER, "/v1/pages", case_id=str(case_id))),
    )
    names = ("timeline", "routing", "assignments", "clocks", "pages")
    raw = {"case": case, **dict(zip(names, asked, strict=True)), "missing": missing}
    timeline, decisions, assignments, clocks, pages = asked
    return Dossier(
        case=CaseView.model_validate(case),
        timeline=_each(TimelineEntry, timeline),
        decisions=_each(DecisionView, decisions),
        assignments=_each(AssignmentView, assignments),
        clocks=_each(ExplainedClock, clocks),
        pages=_each(PageView, pages),
        missing=missing,
        raw=raw,
    )


def _each(shape: type[Shape], items: list[Any]) -> tuple[Shape, ...]:
    return tuple(shape.model_validate(item) for item in items)


def _short(error: CallFailed) -> str:
    return f"answered {error.status}: {error}" if isinstance(error, Refused) else str(error)
