"""Figures of a run: percentiles, the table that people read, and the file that programs read."""

import json
import os
import platform
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.load import percentile


def milliseconds(values: list[float]) -> dict[str, float]:
    """p50, p99 and the worst of `values` in seconds, as milliseconds."""
    named = {"p50": percentile(values, 50), "p99": percentile(values, 99), "max": max(values, default=0.0)}
    return {name: round(value * 1000, 1) for name, value in named.items()} | {"count": len(values)}


def write(results: dict[str, Any], path: Path) -> None:
    """`bench.json`: every figure with the machine it was measured on."""
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    path.write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n", encoding="utf-8")


def show(rows: list[tuple[str, str, str, bool]]) -> None:
    """Print what was measured beside what was asked for."""
    table = Table("figure", "measured", "asked for", "")
    for name, measured, wanted, met in rows:
        table.add_row(name, measured, wanted, "met" if met else "MISSED")
    Console(width=110).print(table)
