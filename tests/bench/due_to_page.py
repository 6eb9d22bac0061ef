"""Due to page at the receiver, with 10,000 open clocks: from the clock's `due_at` to the arrival of the webhook."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import uvloop

from tests.bench.figures import milliseconds
from tests.bench.load import burst, post
from tests.support.caller import escalation
from tests.support.config_dir import key
from tests.support.installation import Installation
from tests.support.pager import Pager

OPEN_CLOCKS = 10_000
CLOCKS_A_CASE = 3
BREACHES = 300
PER_SECOND = 10
ACKNOWLEDGE = timedelta(minutes=5)
LEAD_IN = timedelta(seconds=20)


def measure(installation: Installation, pager: Pager) -> dict[str, Any]:
    """Milliseconds between `due_at` and arrival over BREACHES pages, ten falling due each second."""
    _open_clocks(installation)
    first = datetime.now(UTC) + LEAD_IN
    cases = [_due_at(first + timedelta(seconds=number / PER_SECOND)) for number in range(BREACHES)]
    _send(installation, cases)
    limit = time.monotonic() + LEAD_IN.total_seconds() + BREACHES / PER_SECOND + 30
    while len(pager.taken(type="page.triggered")) < BREACHES and time.monotonic() < limit:
        time.sleep(0.2)
    lags = [_lag(n.body["data"]["clock"]["due_at"], n.at) for n in pager.taken(type="page.triggered")]
    ids = pager.ids(type="page.triggered")
    return {"open_clocks": OPEN_CLOCKS, "due_to_page_ms": milliseconds(lags), "doubled": len(lags) - len(ids)}


def _open_clocks(installation: Installation) -> None:
    """Low cases whose clocks run for hours, posted in batches."""
    cases = [escalation(severity="low", policy_area="hateful_conduct") for _ in range(OPEN_CLOCKS // CLOCKS_A_CASE)]
    _send(installation, cases)
    limit = time.monotonic() + 60
    while _running(installation) < OPEN_CLOCKS - CLOCKS_A_CASE and time.monotonic() < limit:
        time.sleep(0.5)


def _due_at(due: datetime) -> dict[str, Any]:
    """A critical case whose acknowledge clock falls due then."""
    return escalation(severity="critical", language="es", received_at=(due - ACKNOWLEDGE).isoformat())


def _send(installation: Installation, cases: list[dict[str, Any]]) -> None:
    requests = [
        post("/v1/escalations/batch", {"items": cases[i : i + 250]}, host="127.0.0.1", token=key("report-tool"))
        for i in range(0, len(cases), 250)
    ]
    outcome = uvloop.run(burst("127.0.0.1", installation.ports["intake"], requests, connections=2))
    assert set(outcome.statuses) == {207}, outcome.statuses


def _running(installation: Installation) -> float:
    """Open clocks as sla_monitor exports them."""
    text = httpx.get(f"{installation.url('sla_monitor')}/metrics", timeout=10).text
    lines = [line for line in text.splitlines() if line.startswith("tocsin_clocks_open{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def _lag(due_at: str, arrived: float) -> float:
    return arrived - datetime.fromisoformat(due_at).timestamp()
