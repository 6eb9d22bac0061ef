"""A key with thousands of events waiting holds up no neighbour in its partition, and loses nothing of its order."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count

import pytest

from shared.bus import throttle
from shared.bus.kafka import partition_of
from shared.bus.messages import Received
from shared.bus.relay import Relay
from tests.support.bus import Reader, Sender, message
from tests.support.waiting import wait_until

HOT = "hot"
BACKLOG = 10_000
NEIGHBOURS = 10
READS_A_SECOND = 1000


def neighbours() -> Iterator[str]:
    """Keys of the same partition."""
    return (key for key in map("case-{}".format, count()) if partition_of(key) == partition_of(HOT))


async def applied(reader: Reader, key: str) -> int:
    async with reader.db.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM applied WHERE key = $1", key))


async def pause(received: Sequence[Received]) -> None:
    """As long as a service takes for so many records."""
    await asyncio.sleep(len(received) / READS_A_SECOND)


@pytest.mark.timeout(180)
async def test_neighbours_overtake_the_backlog_of_a_hot_key(
    sender: Sender, reader: Reader, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.before = pause
    consumer = reader.consumer()
    await consumer.start()
    for first in range(1, BACKLOG + 1, 1000):
        await sender.commit(*(message(HOT, seq) for seq in range(first, first + 1000)))
    relay.wake()

    for _, key in zip(range(NEIGHBOURS), neighbours(), strict=False):
        await sender.commit(message(key, 1))
        relay.wake()

        async def there(key: str = key) -> bool:
            return await applied(reader, key) == 1

        await wait_until(there, what=f"the event of {key}")
        assert await applied(reader, HOT) < BACKLOG, "it came before the backlog was through"

    assert await sender.pending() > 0
    reader.before = lambda _received: None
    monkeypatch.setattr(throttle, "RATE", 20_000.0)
    await sender.flushed()
    await wait_until(lambda: _all(reader), timeout=60, what="the whole backlog")
    found = await reader.applied()
    assert found[HOT] == list(range(1, BACKLOG + 1))
    assert len(found) == NEIGHBOURS + 1


async def _all(reader: Reader) -> bool:
    return await applied(reader, HOT) == BACKLOG


async def test_what_is_held_back_is_sent_by_the_next_relay_in_order(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    """The relay that held a key stops; another begins where it stood."""
    consumer = reader.consumer()
    await consumer.start()
    number = int(throttle.BURST) + 200
    await sender.commit(*(message(HOT, seq) for seq in range(1, number + 1)))
    relay.wake()
    await wait_until(lambda: _some(reader), what="the first events")
    await relay.stop()
    assert await sender.pending() > 0
    await sender.relay().start()
    await reader.until_applied({HOT: list(range(1, number + 1))})


async def _some(reader: Reader) -> bool:
    return await applied(reader, HOT) > 0
