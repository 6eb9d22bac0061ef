"""`caught_up_to`: young while all is read, still while it is not, and never ahead of what was seen."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from shared.bus import positions
from shared.bus.consumer import Consumer
from shared.bus.messages import Received
from shared.bus.positions import Place
from shared.bus.session import Session
from shared.contracts.vocabulary import Topic
from tests.conftest import OpenDatabase
from tests.support.bus import Reader, Sender, message, ready
from tests.support.waiting import wait_until

YOUNG = timedelta(milliseconds=500)


async def oldest(reader: Reader) -> datetime:
    """The earliest `caught_up_to` of all partitions."""
    async with reader.db.connection() as connection:
        return min((await positions.caught_up(connection)).values())


async def advanced(reader: Reader, beyond: datetime) -> bool:
    return await oldest(reader) > beyond


async def test_it_advances_while_nothing_happens(reader: Reader) -> None:
    consumer = reader.consumer(Topic.CASES, Topic.ASSIGNMENTS)
    await consumer.start()
    await ready(consumer)
    for _ in range(5):
        before = datetime.now(UTC)
        await wait_until(lambda before=before: advanced(reader, before), YOUNG.total_seconds() * 4)
        assert await oldest(reader) <= datetime.now(UTC)
    async with reader.db.connection() as connection:
        assert len(await positions.caught_up(connection)) == 24


async def test_it_stands_still_while_an_event_is_not_taken_and_goes_on_after(sender: Sender, reader: Reader) -> None:
    held, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_received: Sequence[Received]) -> None:
        held.set()
        await go_on.wait()

    reader.before = hold
    relay, consumer = sender.relay(), reader.consumer()
    await relay.start()
    await consumer.start()
    await ready(consumer)
    await sender.commit(message("case-1", 1))
    await sender.flushed()
    delivered = datetime.now(UTC)
    await held.wait()

    async def others_go_on() -> bool:
        async with reader.db.connection() as connection:
            return max((await positions.caught_up(connection)).values()) > delivered + timedelta(milliseconds=200)

    await wait_until(others_go_on)
    assert await oldest(reader) <= delivered, "the event is there and its partition must not claim to have seen it"
    go_on.set()
    await wait_until(lambda: advanced(reader, delivered))
    assert await reader.applied() == {"case-1": [1]}


async def test_it_stands_still_while_kafka_does_not_answer(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that comes late counts from when it was asked for, so a frozen broker cannot make it young."""
    consumer = reader.consumer()
    await consumer.start()
    await ready(consumer)
    await wait_until(lambda: advanced(reader, datetime.now(UTC) - timedelta(minutes=1)))
    frozen, thawed, ask = asyncio.Event(), asyncio.Event(), Session.ends

    async def slowly(session: Session, places: set) -> dict:
        ends = await ask(session, places)
        frozen.set()
        await thawed.wait()
        return ends

    monkeypatch.setattr(Session, "ends", slowly)
    await frozen.wait()
    froze = datetime.now(UTC)
    monkeypatch.setattr("shared.bus.watermark.SILENCE_LIMIT", 0.3)
    await wait_until(lambda: consumer.check().detail == "Kafka does not answer")
    assert await oldest(reader) <= froze
    instants = instants_seen(consumer)
    monkeypatch.setattr(Session, "ends", ask)
    thawed.set()
    await wait_until(lambda: advanced(reader, froze))
    assert instants[0] <= froze
    await ready(consumer)


def instants_seen(consumer: Consumer) -> list[datetime]:
    """The instants for which ends are noted from now on."""
    instants: list[datetime] = []
    ends = consumer._watermark._ends
    saw = ends.saw

    def noting(seen: Mapping[Place, int], at: datetime) -> None:
        instants.append(at)
        saw(seen, at)

    ends.saw = noting  # type: ignore[method-assign]
    return instants


async def test_a_zombie_writes_no_evidence(reader: Reader) -> None:
    consumer = reader.consumer()
    await consumer.start()
    await ready(consumer)
    await wait_until(lambda: advanced(reader, datetime.now(UTC) - timedelta(minutes=1)))
    async with reader.db.transaction() as tx:
        await tx.execute("UPDATE consumer_position SET epoch = epoch + 1, owner = 'another', caught_up_to = 'epoch'")
    marks = 0
    tell = consumer._watermark._time.tell

    def counting(instant: datetime, heard_at: float) -> None:
        nonlocal marks
        marks += 1
        tell(instant, heard_at)

    consumer._watermark._time.tell = counting  # type: ignore[method-assign]
    await wait_until(lambda: marks >= 3)
    assert await oldest(reader) == datetime(1970, 1, 1, tzinfo=UTC)


async def test_it_follows_the_shifted_clock_of_a_test(bare: OpenDatabase, reader: Reader) -> None:
    ahead = timedelta(days=30)
    reader.db = await bare("router", offset=ahead)
    consumer = reader.consumer()
    await consumer.start()
    await ready(consumer)
    await wait_until(lambda: advanced(reader, datetime.now(UTC) + ahead - timedelta(minutes=1)))


async def test_the_gauges_tell_age_and_lag(reader: Reader) -> None:
    consumer = reader.consumer()
    await consumer.start()
    await ready(consumer)
    await wait_until(lambda: advanced(reader, datetime.now(UTC) - timedelta(minutes=1)))
    await reader.metrics.scrape()
    assert 0 <= reader.counted("tocsin_caught_up_age_seconds", topic="tocsin.cases") < 60
    assert reader.counted("tocsin_consumer_lag_records", topic="tocsin.cases") == 0
