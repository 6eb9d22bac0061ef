"""All four services in this process, with principals of every kind."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from shared.contracts.vocabulary import Scope
from tests.support.config_dir import SECRET, configuration, principal, write
from tests.support.four_services import four_services

ALL = [scope.value for scope in Scope if scope is not Scope.ADMIN]
FAST = {"rate_per_second": 100_000}


def principals() -> list[dict[str, Any]]:
    """One that holds nothing; for each scope one that holds it alone and one that lacks it alone; every kind."""
    found = [
        principal("nothing", "person", [], role="specialist", **FAST),
        principal("tool", "source", ALL, **FAST),
        principal("other-tool", "source", ALL, **FAST),
        principal("ana", "person", ALL, role="specialist", **FAST),
        principal("ben", "person", ALL, role="specialist", **FAST),
        principal("manager", "person", ALL, **FAST),
        principal("boss", "person", ALL, role="lead", **FAST),
        principal("lead", "person", ["admin"], role="lead", **FAST),
    ]
    for scope in ALL:
        name = scope.replace(":", "-")
        found.append(principal(f"only-{name}", "person", [scope], role="specialist", **FAST))
        found.append(principal(f"all-but-{name}", "person", [s for s in ALL if s != scope], role="specialist", **FAST))
    return found


@pytest.fixture
def config_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PAGER_SECRET", SECRET)
    files = configuration(pager_url="http://127.0.0.1:1")
    files["access"]["principals"] = principals()
    return write(tmp_path / "config", files)


@pytest.fixture
async def apps(database_url: str, config_dir: Path) -> AsyncIterator[dict[str, FastAPI]]:
    async with four_services(database_url, config_dir) as running:
        yield running
