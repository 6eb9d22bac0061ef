"""`make bench`: own durable engines, the figures of the README, a table, and bench.json.

Exit code 0 when every figure is met, 1 otherwise.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench import accept, due_to_page, offered
from tests.bench.figures import show, write
from tests.support.config_dir import configuration, specialist
from tests.support.config_dir import write as write_config
from tests.support.engines import Engines, cloned_database, migrated_template, own_topics, running_engines
from tests.support.installation import Installation
from tests.support.pager import Pager, running_pager

DESK = 40
"""Specialists of a hundred units each: no case of the run waits for capacity."""


def main() -> int:
    """Measure everything; print, write, judge."""
    with tempfile.TemporaryDirectory() as folder, running_pager() as pager:
        home = Path(folder)
        with running_engines(home, durable=True) as engines:
            results = asyncio.run(_measure(engines, home, pager))
    write(results, Path("bench.json"))
    rows = _judged(results)
    show(rows)
    return 0 if all(met for *_, met in rows) else 1


async def _measure(engines: Engines, home: Path, pager: Pager) -> dict[str, Any]:
    """Each figure on a database and topics of its own."""
    results: dict[str, Any] = {}
    with migrated_template(engines) as template:
        for name in ("accept", "latency"):
            async with cloned_database(engines, template) as url, own_topics(engines) as topics:
                sys.stderr.write(f"measuring {name} …\n")
                with _installation(url, topics, home / name, pager) as installation:
                    results |= await asyncio.to_thread(_MEASURES[name], installation, pager)
    return results


@contextmanager
def _installation(url: str, topics: Any, folder: Path, pager: Pager) -> Iterator[Installation]:
    files = configuration(pager_url=pager.url)
    files["roster"]["specialists"] = [
        specialist(f"s{number}", {"es": 5, "en": 4}, capacity=1000) for number in range(DESK)
    ]
    files["roster"]["pools"] = {}
    installation = Installation(url, topics, write_config(folder / "config", files), folder)
    try:
        yield installation
    finally:
        installation.stop()


def _latency(installation: Installation, pager: Pager) -> dict[str, Any]:
    installation.start()
    installation.wait_ready()
    return {"offered": offered.measure(installation), "page": due_to_page.measure(installation, pager)}


def _accept(installation: Installation, _pager: Pager) -> dict[str, Any]:
    return {"accept": accept.measure(installation)}


_MEASURES = {"accept": _accept, "latency": _latency}


def _judged(results: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """Figure, measured, asked for, met."""
    ratio = results["accept"]["ratio"]
    offered_ms = results["offered"]["post_to_offered_ms"]
    page_ms = results["page"]["due_to_page_ms"]
    doubled = results["page"]["doubled"]
    complete = page_ms["count"] == due_to_page.BREACHES and doubled == 0
    return [
        ("accepted a second / bare FastAPI", f"{ratio}", "at least 0.30", ratio >= 0.30),
        ("POST to assignment.offered, p99", f"{offered_ms['p99']} ms", "at most 100 ms", offered_ms["p99"] <= 100),
        ("due to page at the receiver, p99", f"{page_ms['p99']} ms", "at most 300 ms", page_ms["p99"] <= 300),
        ("pages of the breaches, each once", f"{page_ms['count']}", f"{due_to_page.BREACHES}", complete),
    ]


if __name__ == "__main__":
    sys.exit(main())
