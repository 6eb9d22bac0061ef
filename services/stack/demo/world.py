"""What the services and the receiver show of this run, looked at again and again; a service that is away keeps
what it last showed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from services.client.caller import Caller, CallFailed, Refused
from services.client.shapes import CaseView
from services.stack.demo.plan import Seen
from shared.contracts.views import AssignmentView, ClockView, DecisionView, PageView
from shared.contracts.vocabulary import CaseStatus, ServiceName

FRESH = 2.0
NOT_YET_KNOWN = 404
LIVE = ("offered", "accepted")


@dataclass
class World:
    """The cases of the run as last seen, what came at the receiver, and who does not answer."""

    lead: Caller
    receiver: str | None
    run: str
    seen: dict[UUID, Seen] = field(default_factory=dict)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    away: dict[str, str] = field(default_factory=dict)
    _looked: dict[UUID, tuple[object, float]] = field(default_factory=dict)

    async def look(self) -> None:
        """Ask for what may have changed: the lists always, a case's own parts when it moved or every two seconds."""
        cases, offered, accepted, deliveries = await asyncio.gather(
            self._items(ServiceName.INTAKE, "/v1/cases", q=self.run),
            *(self._items(ServiceName.ROUTER, "/v1/assignments", state=state) for state in LIVE),
            self._receiver(),
        )
        if deliveries is not None:
            self.deliveries = deliveries
        if cases is None or offered is None or accepted is None:
            return
        live = {item["case_id"]: AssignmentView.model_validate(item) for item in (*offered, *accepted)}
        views = [CaseView.model_validate(item) for item in cases]
        await asyncio.gather(*(self._case(view, live.get(str(view.case_id))) for view in views))

    async def _case(self, case: CaseView, assignment: AssignmentView | None) -> None:
        before = self.seen.get(case.case_id, Seen(case))
        stamp = (case.version, assignment, case.waiting_reason, self._notified(case.case_id))
        now = self.lead.clock.monotonic()
        last, at = self._looked.get(case.case_id, (None, 0.0))
        settled = case.status is CaseStatus.RESOLVED and before.at_rest
        if last == stamp and (settled or now - at < FRESH):
            self.seen[case.case_id] = Seen(case, assignment, before.decision, before.clocks, before.pages)
            return
        path = f"/v1/cases/{case.case_id}"
        decisions, clocks, pages = await asyncio.gather(
            self._items(ServiceName.ROUTER, f"{path}/routing"),
            self._items(ServiceName.SLA_MONITOR, f"{path}/clocks"),
            self._items(ServiceName.NOTIFIER, "/v1/pages", case_id=str(case.case_id)),
        )
        self._looked[case.case_id] = (stamp, now)
        self.seen[case.case_id] = Seen(
            case=case,
            assignment=assignment,
            decision=DecisionView.model_validate(decisions[0]) if decisions else before.decision,
            clocks=tuple(map(ClockView.model_validate, clocks)) if clocks is not None else before.clocks,
            pages=tuple(map(PageView.model_validate, pages)) if pages is not None else before.pages,
        )

    def _notified(self, case_id: UUID) -> int:
        return sum(delivery.get("case_id") == str(case_id) for delivery in self.deliveries)

    async def _items(self, service: ServiceName, path: str, **query: Any) -> list[Any] | None:
        """One page of a list; None while the service is away, or has not heard of the case."""
        try:
            body: Mapping[str, Any] = await self.lead.get(service, path, limit=200, **query)
        except CallFailed as error:
            if isinstance(error, Refused) and error.status == NOT_YET_KNOWN:
                return None
            self.away[service] = str(error)
            return None
        self.away.pop(service, None)
        return list(body["items"])

    async def _receiver(self) -> list[dict[str, Any]] | None:
        if self.receiver is None:
            return []
        try:
            response = await self.lead.client.get(f"{self.receiver}/pages")
            return list(response.raise_for_status().json()["items"])
        except (httpx.HTTPError, ValueError, KeyError):
            self.away["receiver"] = f"cannot reach the receiver at {self.receiver}"
            return None
