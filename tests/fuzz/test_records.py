"""Mutated records through reading, and through the real consumer of each service.

More by TOCSIN_FUZZ_EXAMPLES; the seed of a run is printed and taken from TOCSIN_FUZZ_SEED.
"""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.bus.positions import Place
from shared.bus.records import Record, read
from shared.contracts.registry import EVENT_TYPES
from shared.settings import KafkaSettings
from tests.fuzz.mutating import mutated
from tests.support.config_dir import configuration, write
from tests.support.installation import SERVICES, Installation
from tests.support.pager import running_pager
from tests.support.producing import Raw, dead_letters, put, raw_event, until_taken

pytestmark = pytest.mark.timeout(180)

EXAMPLES = int(os.environ.get("TOCSIN_FUZZ_EXAMPLES", "100"))
SEED = int(os.environ.get("TOCSIN_FUZZ_SEED", "20261122"))
GOLDEN = [
    (next(name for name in EVENT_TYPES if path.name.startswith(f"{name}.")), path.read_bytes())
    for path in sorted((Path(__file__).parents[1] / "contract" / "golden").glob("*.1.json"))
]
GOOD_FOR_EACH = 9
"""A consumer stops where more than a fifth is poison: then the fault is its own. Here it is not."""


@pytest.fixture
def installation(database_url: str, kafka_settings: KafkaSettings, tmp_path: Path) -> Iterator[Installation]:
    with running_pager() as pager:
        config = write(tmp_path / "config", configuration(pager_url=pager.url))
        made = Installation(database_url, kafka_settings, config, tmp_path)
        yield made
        made.stop()


def strange(chance: random.Random) -> Raw:
    """One mutated record."""
    return mutated(raw_event(*chance.choice(GOLDEN)), chance)


def as_record(raw: Raw) -> Record:
    """As it would be read."""
    return Record(Place(raw.topic.value, 0), 0, raw.key, raw.value, tuple(raw.headers))


def test_reading_never_raises_and_takes_no_time() -> None:
    chance = random.Random(SEED)
    for _ in range(EXAMPLES * 20):
        record = as_record(strange(chance))
        began = time.process_time()
        item = read(record)
        assert time.process_time() - began < 0.5
        assert (item.fault is None) == (item.received is not None)
        record.dead_letter_id  # noqa: B018 - must not raise either


async def test_no_record_stops_a_service_or_is_lost(installation: Installation) -> None:
    """Everything is gone past, and what could not be taken lies whole in dead letters, for a named reason."""
    chance = random.Random(SEED)
    records: list[Raw] = []
    for _ in range(EXAMPLES):
        records.append(strange(chance))
        topic = records[-1].topic
        calm = [(name, value) for name, value in GOLDEN if EVENT_TYPES[name].topic is topic]
        records += [raw_event(*chance.choice(calm)) for _ in range(GOOD_FOR_EACH)]
    installation.start()
    await put(installation.kafka, records)
    installation.wait_ready()
    await until_taken(installation, within=90)
    found = await dead_letters(installation)
    assert all(found.values()), "no record was refused: nothing was tested"
    failed = [(service, error) for service, dead in found.items() for reason, error, _ in dead if "handler" in reason]
    assert sorted(set(failed)) == []
    for service in SERVICES:
        assert installation.processes[service].poll() is None
    installation.wait_ready()
