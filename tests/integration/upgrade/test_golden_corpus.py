"""Every event ever released is taken by today's services: not only parsed, but handled, each on a case of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.contracts.registry import EVENT_TYPES
from shared.settings import KafkaSettings
from tests.support.config_dir import configuration, write
from tests.support.installation import SERVICES, Installation
from tests.support.pager import running_pager
from tests.support.producing import dead_letters, put, raw_event, until_taken

pytestmark = pytest.mark.timeout(120)

GOLDEN = sorted((Path(__file__).parents[2] / "contract" / "golden").glob("*.json"))


@pytest.fixture
def installation(database_url: str, kafka_settings: KafkaSettings, tmp_path: Path) -> Iterator[Installation]:
    with running_pager() as pager:
        made = Installation(
            database_url, kafka_settings, write(tmp_path / "config", configuration(pager_url=pager.url)), tmp_path
        )
        yield made
        made.stop()


def type_of(path: Path) -> str:
    return max((name for name in EVENT_TYPES if path.name.startswith(f"{name}.")), key=len)


async def test_every_event_ever_released_is_handled_without_any_other(installation: Installation) -> None:
    installation.start()
    await put(installation.kafka, [raw_event(type_of(path), path.read_bytes()) for path in GOLDEN])
    installation.wait_ready()
    await until_taken(installation)
    assert await dead_letters(installation) == {service: [] for service in SERVICES}
