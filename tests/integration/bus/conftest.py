"""A sender with an outbox and a reader with a table, on topics of the test's own."""

from collections.abc import AsyncIterator

import pytest

from shared.bus.relay import Relay
from shared.settings import KafkaSettings
from tests.conftest import OpenDatabase
from tests.support.bus import Reader, Sender


@pytest.fixture
async def sender(bare: OpenDatabase, kafka_settings: KafkaSettings) -> AsyncIterator[Sender]:
    sender = Sender(await bare("intake", max_size=16), kafka_settings)
    yield sender
    await sender.close()


@pytest.fixture
async def reader(bare: OpenDatabase, kafka_settings: KafkaSettings) -> AsyncIterator[Reader]:
    reader = Reader(await bare("router"), kafka_settings)
    await reader.prepare()
    yield reader
    await reader.close()


@pytest.fixture
async def relay(sender: Sender) -> Relay:
    """The sender's relay, running."""
    relay = sender.relay()
    await relay.start()
    return relay
