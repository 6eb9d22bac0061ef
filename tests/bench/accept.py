"""Accepted escalations per second: one intake process against a bare FastAPI endpoint taking the same model.

Both answer the same load from the same generator in turns, so that a drift of the machine hits both.
Intake works whole: key, idempotency table, grouping slots, commit with fsync, relay into Kafka.
"""

import statistics
import subprocess
import sys
import time
from itertools import count
from typing import Any

import httpx
import uvloop

from tests.bench.load import Outcome, burst, post
from tests.support.caller import escalation
from tests.support.config_dir import key
from tests.support.installation import Installation, free_port

ROUNDS = 5
REQUESTS = 3000
CONNECTIONS = 64


def measure(installation: Installation) -> dict[str, Any]:
    """Rates of both, round by round, and the median of their ratios."""
    installation.start("intake")
    installation.wait_ready("intake")
    bar_port = free_port()
    bar = subprocess.Popen([sys.executable, "-m", "tests.bench.bare", str(bar_port)])
    try:
        _wait(f"http://127.0.0.1:{bar_port}/docs")
        rounds = [_round(number, installation.ports["intake"], bar_port) for number in range(ROUNDS + 1)][1:]
    finally:
        bar.terminate()
        bar.wait(10)
        installation.stop()
    return {
        "intake_per_second": [round(intake.rate) for intake, _ in rounds],
        "bare_per_second": [round(bare.rate) for _, bare in rounds],
        "ratio": round(statistics.median(intake.rate / bare.rate for intake, bare in rounds), 3),
        "statuses": [intake.statuses for intake, _ in rounds],
    }


def _round(number: int, intake_port: int, bar_port: int) -> tuple[Outcome, Outcome]:
    return (
        uvloop.run(burst("127.0.0.1", intake_port, _requests(f"a{number}"), connections=CONNECTIONS)),
        uvloop.run(burst("127.0.0.1", bar_port, _requests(f"b{number}"), connections=CONNECTIONS)),
    )


def _requests(prefix: str) -> list[bytes]:
    """Escalations of realistic size, each about a subject of its own."""
    numbers = count()
    return [
        post(
            "/v1/escalations",
            escalation(
                external_id=f"{prefix}-{(n := next(numbers))}",
                description="Reported by a user; the account repeats the threat in several replies. " * 4,
                subject={"type": "post", "id": f"{prefix}-{n}", "url": f"https://social.example/p/{prefix}{n}"},
                reporter={"type": "user", "id": f"u{n}"},
                labels={"queue": "bench"},
            ),
            host="127.0.0.1",
            token=key("report-tool"),
        )
        for _ in range(REQUESTS)
    ]


def _wait(url: str) -> None:
    limit = time.monotonic() + 20
    while True:
        try:
            httpx.get(url, timeout=1)
        except httpx.HTTPError:
            assert time.monotonic() < limit, f"{url} does not answer"
            time.sleep(0.05)
        else:
            return
