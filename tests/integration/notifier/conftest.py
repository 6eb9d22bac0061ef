"""A notifier with a pager double for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import OpenDatabase
from tests.integration.notifier.harness import Desk, running
from tests.support.config_dir import SECRET, configuration
from tests.support.pager import Pager, running_pager


@pytest.fixture
def pager() -> Iterator[Pager]:
    """A receiver on loopback that checks signatures."""
    with running_pager() as double:
        yield double


@pytest.fixture
def files(pager: Pager, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The configuration, to be changed by a test before it asks for `desk`."""
    monkeypatch.setenv("PAGER_SECRET", SECRET)
    return configuration(pager_url=pager.url)


@pytest.fixture
async def desk(database: OpenDatabase, tmp_path: Path, files: dict[str, Any]) -> AsyncIterator[Desk]:
    """A notifier with the configuration in `files`."""
    async with running(await database("notifier"), tmp_path / "config", files) as running_desk:
        yield running_desk
