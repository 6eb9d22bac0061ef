"""An installation whose services can be killed one by one, with a pager double behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.settings import KafkaSettings
from tests.support.caller import Caller
from tests.support.config_dir import configuration, write
from tests.support.installation import Installation
from tests.support.pager import Pager, running_pager


@pytest.fixture
def pager() -> Iterator[Pager]:
    with running_pager() as double:
        yield double


@pytest.fixture
def installation(
    database_url: str, kafka_settings: KafkaSettings, tmp_path: Path, pager: Pager
) -> Iterator[Installation]:
    """Nothing runs yet; what the test starts is ended with it."""
    folder = write(tmp_path / "config", configuration(pager_url=pager.url))
    made = Installation(database_url, kafka_settings, folder, tmp_path)
    yield made
    made.stop()


@pytest.fixture
def tool(installation: Installation) -> Iterator[Caller]:
    """The reporting tool."""
    caller = Caller(installation.url, "report-tool")
    yield caller
    caller.close()


@pytest.fixture
def lead(installation: Installation) -> Iterator[Caller]:
    """The lead, who may read everything."""
    caller = Caller(installation.url, "lead")
    yield caller
    caller.close()
