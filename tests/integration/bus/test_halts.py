"""Bounds on what is set aside: a consumer stops at them, says so, loses nothing, and goes on again."""

from collections.abc import Sequence

import pytest

from shared.bus import dead_letters, halts
from shared.bus.dead_letters import Choice
from shared.bus.kafka import partition_of
from shared.bus.messages import Received
from shared.bus.parking import ParkingLimits
from shared.bus.poison import AT_LEAST
from shared.bus.relay import Relay
from shared.errors import Permanent, PermanentReason
from tests.support.bus import Reader, Sender, message, ready
from tests.support.waiting import wait_until

RUNBOOK = "docs/runbooks/dead-letters.md"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halts, "TRY_AGAIN_AFTER", 0.5)


def refuse_first(received: Sequence[Received]) -> None:
    if any(event.seq == 1 and event.key == "case-1" for event in received):
        raise Permanent(PermanentReason.INVALID, "not this one")


async def set_aside(reader: Reader) -> tuple[int, int]:
    async with reader.db.connection() as connection:
        return await dead_letters.open_letters(connection), await dead_letters.parked_events(connection)


async def discard_all(reader: Reader) -> int:
    async with reader.db.transaction() as tx:
        return len(await dead_letters.discard(tx, Choice()))


def elsewhere(key: str) -> str:
    """A key of another partition."""
    return next(k for k in map("case-{}".format, range(2, 100)) if partition_of(k) != partition_of(key))


@pytest.mark.parametrize("limits", [ParkingLimits(per_key=5), ParkingLimits(in_all=5)])
async def test_a_partition_that_would_park_too_much_stops_and_goes_on_when_it_is_seen_to(
    sender: Sender, reader: Reader, relay: Relay, limits: ParkingLimits
) -> None:
    reader.before = refuse_first
    consumer = reader.consumer(limits=limits)
    await consumer.start()
    await sender.commit(*(message("case-1", seq) for seq in range(1, 21)))
    await wait_until(lambda: RUNBOOK in consumer.check().detail)
    assert await set_aside(reader) == (1, 5), "what fits is parked, and no more"

    other = elsewhere("case-1")
    await sender.commit(message(other, 1))
    await reader.until_applied({other: [1]})
    assert not consumer.check().ok

    assert await discard_all(reader) == 1
    await reader.until_applied({other: [1], "case-1": list(range(2, 21))})
    await ready(consumer)


async def test_a_topic_of_poison_is_set_aside_only_as_fast_as_somebody_sees_to_it(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    await sender.commit(*(message(f"case-{number}", 1, payload=b"junk") for number in range(30)))
    await sender.flushed()
    consumer = reader.consumer()
    await consumer.start()
    await wait_until(lambda: RUNBOOK in consumer.check().detail)
    assert await set_aside(reader) == (AT_LEAST - 1, 0)

    assert await discard_all(reader) == AT_LEAST - 1
    await wait_until(lambda: consumer.check().ok, what="the consumer goes on")
    assert await set_aside(reader) == (30 - (AT_LEAST - 1), 0)


async def test_a_stopped_consumer_goes_on_by_itself_when_its_records_can_be_taken(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    def out_of_order(_received: Sequence[Received]) -> None:
        raise Permanent(PermanentReason.INVALID, "the fault is here")

    reader.before = out_of_order
    await sender.commit(*(message(f"case-{number}", 1) for number in range(60)))
    await sender.flushed()
    consumer = reader.consumer()
    await consumer.start()
    await wait_until(lambda: RUNBOOK in consumer.check().detail)
    reader.before = lambda _received: None
    await wait_until(lambda: consumer.check().ok, what="the consumer goes on")
    await wait_until(lambda: _applied(reader, 60 - (AT_LEAST - 1)), what="the rest is applied")


async def _applied(reader: Reader, number: int) -> bool:
    return len(await reader.applied()) == number
