"""A case on which commands pour in delays nobody else: not in intake, not behind it in its partition."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from shared.bus.kafka import partition_of
from tests.support.caller import Caller, escalation
from tests.support.config_dir import key
from tests.support.installation import Installation
from tests.support.waiting import wait_for, wait_until

pytestmark = pytest.mark.timeout(400)

NOTES = int(os.environ.get("TOCSIN_HOT_NOTES", "400"))
"""More of them, for a measurement, by the environment."""

AT_ONCE = 32
NEIGHBOURS = 3


@dataclass
class Flood:
    """Notes on one case, as many at once as intake lets wait."""

    http: httpx.AsyncClient
    url: str
    case_id: str
    stored: int = 0
    over: bool = False

    async def pour(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(self._one_after_the_other())

    async def _one_after_the_other(self) -> None:
        while not self.over or self.stored < NOTES - AT_ONCE:
            await self._note()
            self.stored += 1

    async def _note(self) -> None:
        """Until it is stored."""
        while True:
            body = {"text": "one of very many", "visibility": "internal"}
            answer = await self.http.post(f"{self.url}/v1/cases/{self.case_id}/note", json=body)
            if answer.status_code == 200:
                return
            assert answer.status_code in (429, 503), answer.text
            await asyncio.sleep(0.2)


async def neighbour(http: httpx.AsyncClient, installation: Installation, partition: int) -> float:
    """A new case in the partition, and the seconds from its acceptance to its assignment and its clocks."""
    while True:
        answer = await http.post(f"{installation.url('intake')}/v1/escalations", json=escalation())
        assert answer.status_code == 202, answer.text
        case_id, began = answer.json()["case_id"], time.monotonic()
        if partition_of(case_id) == partition:
            break

    async def served() -> bool:
        params = {"case_id": case_id}
        assigned = await http.get(f"{installation.url('router')}/v1/assignments", params=params)
        routing = await http.get(f"{installation.url('router')}/v1/cases/{case_id}/routing")
        clocks = await http.get(f"{installation.url('sla_monitor')}/v1/cases/{case_id}/clocks")
        known = assigned.json()["items"] or (routing.status_code == 200 and routing.json()["items"])
        return bool(known) and clocks.status_code == 200 and bool(clocks.json()["items"])

    await wait_until(served, timeout=60, what=f"decision and clocks of {case_id}", pause=0.01)
    return time.monotonic() - began


async def test_neighbours_of_a_hot_case_are_served_while_its_commands_pour_in(
    installation: Installation, tool: Caller, lead: Caller, record_property: Callable[[str, object], None]
) -> None:
    installation.start("intake", "router", "sla_monitor")
    await asyncio.to_thread(installation.wait_ready, "intake", "router", "sla_monitor")
    hot = tool.escalate()
    person = httpx.AsyncClient(headers={"Authorization": f"Bearer {key('lead')}"}, timeout=30)
    source = httpx.AsyncClient(headers={"Authorization": f"Bearer {key('lead')}"}, timeout=30)
    delays: list[float] = []
    async with person, source:
        flood = Flood(person, installation.url("intake"), hot)
        pouring = asyncio.create_task(flood.pour())
        await wait_until(lambda: flood.stored > NOTES // 10, timeout=60)
        while len(delays) < NEIGHBOURS or flood.stored < NOTES // 2:
            delays.append(await neighbour(source, installation, partition_of(hot)))
        assert not pouring.done(), "it pours until the neighbours are served"
        flood.over = True
        await pouring
    case = lead.get("intake", f"/v1/cases/{hot}").json()
    assert case["version"] == flood.stored + 1
    wait_for(lambda: _pending(installation, lead) == 0, timeout=NOTES / 20 + 60, what="the outbox of intake is empty")
    record_property("seconds until a neighbour was served", sorted(delays))


def _pending(installation: Installation, lead: Caller) -> float:
    text = lead.get("intake", "/metrics").text
    [line] = [line for line in text.splitlines() if line.startswith("tocsin_outbox_pending ")]
    return float(line.split()[1])
