"""How soon things go on: seconds from an act, or from its end, to the first success.

Reported by the rounds, never a reason for one to fail.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import uuid4

import httpx

from shared.contracts.vocabulary import ServiceName
from tests.chaos.calling import Callers, Request
from tests.chaos.cluster import Cluster, Instance
from tests.chaos.history import Kind
from tests.chaos.observed import Disturbance
from tests.chaos.world import LEAD, SOURCES
from tests.support.config_dir import EVERY_SCOPE, key, principal, specialist
from tests.support.pager import Notification, Pager
from tests.support.waiting import NeverHappened, wait_until

LIMIT = 60.0
"""Seconds after which nothing more is expected; the figure is then this one."""

AFTERMATH = timedelta(seconds=3)
"""A clock that falls due so soon after the end of an act still counts as having fallen due under it."""

PROBER = "prober"
LANGUAGE = "th"
"""A language that nobody of the generator's world reads: a probe always finds its specialist free."""

REAL = {
    ServiceName.INTAKE: "/v1/cases?limit=1",
    ServiceName.ROUTER: "/v1/specialists",
    ServiceName.SLA_MONITOR: "/v1/clocks?limit=1",
    ServiceName.NOTIFIER: "/v1/pages?limit=1",
}


class Figure(StrEnum):
    """What is measured."""

    SERVING = "serving"
    """From the kill (the thaw) to /readyz and a real request answered by that very instance."""
    FLOWING = "flowing"
    """From an engine's being back to a new escalation's offer in its timeline and its page at the pager."""
    PAGING = "paging"
    """From due (or from the end of what held an engine or a link) to the page, where due fell under the act."""


@dataclass(frozen=True)
class Timing:
    """One measurement."""

    act: str
    figure: Figure
    seconds: float


def with_prober(files: dict[str, dict[str, list[dict[str, object]]]]) -> None:
    """Add the specialist who takes every probe."""
    files["access"]["principals"].append(
        principal(PROBER, "person", EVERY_SCOPE, role="specialist", rate_per_second=100000)
    )
    files["roster"]["specialists"].append(specialist(PROBER, {LANGUAGE: 5}, capacity=1000))


@dataclass(frozen=True)
class Probes:
    """Asks the running system whether it goes again. `callers` log what they send, as the generator's do."""

    cluster: Cluster
    callers: Callers
    pager: Pager

    async def serving(self, instance: Instance, began: float) -> float:
        """Seconds from `began` (monotonic) until the instance is ready and answers a real request."""

        async def serves() -> bool:
            if not await self.cluster.is_ready(instance):
                return False
            try:
                headers = {"Authorization": f"Bearer {key(LEAD)}"}
                async with httpx.AsyncClient(timeout=2.0, trust_env=False, headers=headers) as client:
                    return (await client.get(instance.url + REAL[instance.service])).status_code == 200
            except httpx.HTTPError:
                return False

        try:
            await wait_until(serves, LIMIT, what=f"{instance.name} serves", pause=0.03)
        except NeverHappened:
            return LIMIT
        return time.monotonic() - began

    async def flowing(self, began: float) -> float:
        """Seconds from `began` until a case that is posted now is offered, seen in its timeline, and paged."""
        try:
            await wait_until(self._at_the_desk, LIMIT, what="the prober is available", pause=0.1)
            case_id = await self._post()
            await wait_until(lambda: self._through(case_id), LIMIT, what="a probe goes through", pause=0.05)
        except NeverHappened:
            return LIMIT
        seconds = time.monotonic() - began
        await self._command(case_id, "resolve", {"outcome": "no_violation", "summary": "a probe"})
        return seconds

    async def _at_the_desk(self) -> bool:
        """Two offers of others' cases that expired in a row make the prober `away`; no probe would be offered then."""
        request = Request(
            kind=Kind.PRESENCE,
            name="available",
            service="router",
            path=f"/v1/specialists/{PROBER}/presence",
            principal=PROBER,
            body={"state": "available"},
            subject=PROBER,
            method="PUT",
        )
        call, _ = await self.callers.once(request)
        return call.taken

    async def on_time(self, due_in: float) -> str:
        """A case whose clock falls due in so many seconds and that is resolved at once; its id."""
        case_id = await self._post(timedelta(minutes=5) - timedelta(seconds=due_in))
        await self._command(case_id, "resolve", {"outcome": "no_violation", "summary": "in good time"})
        return case_id

    async def _post(self, ago: timedelta = timedelta(minutes=6)) -> str:
        """A critical case received so long ago: after five minutes unacknowledged it breaches, and pages."""
        external_id = f"probe-{uuid4().hex}"
        body = {
            "external_id": external_id,
            "summary": "A probe",
            "policy_area": "violent_content",
            "severity": "critical",
            "language": LANGUAGE,
            "region": "ZZ",
            "received_at": (datetime.now(UTC) - ago).isoformat(),
        }
        request = Request(
            kind=Kind.ESCALATION,
            name="escalation",
            service="intake",
            path="/v1/escalations",
            principal=SOURCES[0],
            body=body,
            key=external_id,
            external_id=external_id,
        )
        return await wait_until(lambda: self._taken(request), LIMIT, what="a probe is taken", pause=0.1)

    async def _taken(self, request: Request) -> str:
        """The case id if this one try was answered with 2xx, else empty; a caller's pauses would blur the figure."""
        call, _ = await self.callers.once(request)
        return str(call.answer["case_id"]) if call.taken else ""

    async def _command(self, case_id: str, name: str, body: dict[str, str]) -> None:
        await self.callers.settle(
            Request(
                kind=Kind.COMMAND,
                name=name,
                service="intake",
                path=f"/v1/cases/{case_id}/{name}",
                principal=LEAD,
                body=body,
                key=uuid4().hex,
                subject=case_id,
            )
        )

    async def _through(self, case_id: str) -> bool:
        if not any(n.type == "page.triggered" and n.page.get("case_id") == case_id for n in self.pager.notifications):
            return False
        timeline = await self.callers.items("intake", f"/v1/cases/{case_id}/timeline", LEAD, limit=200)
        return any(item["type"] == "tocsin.assignment.offered" for item in timeline)


def paging_times(
    act: str, pages: Iterable[Notification], disturbances: Sequence[Disturbance], *, from_end: bool
) -> list[Timing]:
    """How long after due each page came whose clock fell due under a disturbance; late arrivals do not count.

    `from_end`: seconds run from the end of the disturbance where that is later than due.
    """
    first: dict[str, Notification] = {}
    for page in pages:
        first.setdefault(str(page.page["page_id"]), page)
    timings = []
    for page in first.values():
        clock = page.body["data"].get("clock") or {}
        if clock.get("state") != "breached" or clock.get("cause") not in (None, "due"):
            continue
        due = datetime.fromisoformat(clock["due_at"])
        under = [d for d in disturbances if d.start <= due <= d.end + AFTERMATH]
        if under:
            began = max([due, *(d.end for d in under)]) if from_end else due
            timings.append(Timing(act, Figure.PAGING, max(0.0, page.at - began.timestamp())))
    return timings
