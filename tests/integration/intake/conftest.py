"""An intake of each test's own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.conftest import OpenDatabase
from tests.integration.intake.harness import Intake, running
from tests.support.config_dir import SECRET, configuration


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Log lines are kept, not drawn: a traceback with the locals of a whole service takes minutes."""
    with capture_logs():
        yield


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The configuration, to be changed by a test before it asks for `intake`."""
    monkeypatch.setenv("PAGER_SECRET", SECRET)
    return configuration(pager_url="http://127.0.0.1:9")


@pytest.fixture
async def intake(database: OpenDatabase, tmp_path: Path, files: dict[str, Any]) -> AsyncIterator[Intake]:
    """A running intake with the configuration in `files`."""
    async with running(await database("intake"), tmp_path / "config", files) as service:
        yield service
