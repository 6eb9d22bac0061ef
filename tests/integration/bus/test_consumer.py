"""The consumer: each event once, in order, in the transaction that moves the position; nothing skipped."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.bus.messages import Received
from shared.bus.relay import Relay
from shared.contracts.vocabulary import Topic
from shared.errors import Permanent, PermanentReason, Transient
from tests.support.bus import Reader, Sender, log_of, message, ready
from tests.support.waiting import wait_until

TOPIC = "tocsin.cases"


async def rows(reader: Reader, query: str) -> list[tuple]:
    async with reader.db.connection() as connection:
        return [tuple(row.values()) for row in await connection.fetch(query)]


async def read_so_far(reader: Reader) -> int:
    """The sum of all positions: how many records were gone past."""
    return int((await rows(reader, "SELECT coalesce(sum(next_offset), 0) FROM consumer_position"))[0][0])


async def test_a_restarted_consumer_reads_on_where_its_last_transaction_ended(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    first = reader.consumer()
    await first.start()
    await sender.commit(message("case-1", 1), message("case-2", 1))
    await reader.until_applied({"case-1": [1], "case-2": [1]})
    await first.stop()

    await sender.commit(message("case-1", 2))
    second = reader.consumer()
    await second.start()
    await reader.until_applied({"case-1": [1, 2], "case-2": [1]})
    await second.stop()
    assert await read_so_far(reader) == 3


async def test_a_consumer_that_starts_first_reads_from_the_beginning(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    await sender.commit(*(message("case-1", seq) for seq in range(1, 8)))
    await sender.flushed()
    consumer = reader.consumer()
    await consumer.start()
    await reader.until_applied({"case-1": [1, 2, 3, 4, 5, 6, 7]})


async def test_a_gap_is_applied_counted_and_alarmed(sender: Sender, reader: Reader, relay: Relay) -> None:
    consumer = reader.consumer()
    await consumer.start()
    await sender.commit(message("case-1", 1), message("case-1", 4))
    await reader.until_applied({"case-1": [1, 4]})
    await wait_until(lambda: reader.counted("tocsin_sequence_gaps_total", topic=TOPIC) == 1)


async def test_trouble_that_passes_holds_everything_up_and_loses_nothing(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    away = True

    def database_away(_received: Sequence[Received]) -> None:
        if away:
            raise Transient("PostgreSQL is away", retry_after=0.05)

    reader.before = database_away
    consumer = reader.consumer()
    await consumer.start()
    await sender.commit(message("case-1", 1), message("case-1", 2))
    await wait_until(lambda: not consumer.check().ok and "PostgreSQL is away" in consumer.check().detail)
    assert await reader.applied() == {}
    assert await read_so_far(reader) == 0
    away = False
    await reader.until_applied({"case-1": [1, 2]})
    await ready(consumer)


async def test_what_was_fetched_behind_a_failed_batch_does_not_overtake_it(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    """More records of the partition than one poll brings: the next poll has those behind the failed ones at hand."""
    failed = False

    def fails_once(_received: Sequence[Received]) -> None:
        nonlocal failed
        if not failed:
            failed = True
            raise Transient("a deadlock")

    reader.before = fails_once
    await sender.commit(*(message("case-1", seq) for seq in range(1, 1201)))
    await sender.flushed()
    consumer = reader.consumer()
    await consumer.start()
    await reader.until_applied({"case-1": list(range(1, 1201))})


async def test_a_batch_that_is_too_slow_for_a_session_is_taken_in_smaller_ones(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    """PostgreSQL ends a transaction that idles; the same batch again would meet the same end for ever."""

    def slow(received: Sequence[Received]) -> None:
        if len(received) > 10:
            raise Transient("the session idled in its transaction for too long")

    reader.before = slow
    await sender.commit(*(message("case-1", seq) for seq in range(1, 101)))
    await sender.flushed()
    consumer = reader.consumer()
    await consumer.start()
    await reader.until_applied({"case-1": list(range(1, 101))})
    assert await rows(reader, "SELECT * FROM dead_letter") == []


async def test_halving_finds_the_culprit_and_everything_else_is_applied(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    """One of sixty events cannot be taken; it is buried, announced, and parks what follows on its key."""
    reader.before = refuse("case-7", 1)
    await sender.commit(*(message(f"case-{number}", seq) for seq in (1, 2, 3) for number in range(20)))
    await sender.flushed()
    consumer, announcing = reader.consumer(), Sender(reader.db, reader.settings, reader.metrics).relay()
    await consumer.start()
    await announcing.start()
    await reader.until_applied({f"case-{number}": [1, 2, 3] for number in range(20) if number != 7})
    await wait_until(lambda: parked(reader, 2))
    await consumer.stop()
    await announcing.stop()

    ((topic, key, reason, value, state),) = await rows(
        reader, "SELECT topic, event_key, reason, value, state FROM dead_letter"
    )
    assert (topic, key, reason, value, state) == (TOPIC, "case-7", "invalid", b'{"n":1}', "open")
    assert await read_so_far(reader) == 60
    assert reader.counted("tocsin_dead_letters_total", topic=TOPIC, reason="invalid") == 1

    (announced,) = await log_of(reader.settings, Topic.DEAD_LETTERS)
    headers = {name: text.decode() for name, text in announced.headers}
    assert (announced.key, announced.value) == (b"case-7", b'{"n":1}')
    assert headers["ce_source"] == "/tocsin/intake", "it keeps the headers it came with"
    assert headers["tocsin_reason"] == "invalid"
    assert "not this one" in headers["tocsin_error"]


def refuse(key: str, seq: int):
    def hook(received: Sequence[Received]) -> None:
        if any((event.key, event.seq) == (key, seq) for event in received):
            raise Permanent(PermanentReason.INVALID, "not this one")

    return hook


async def parked(reader: Reader, number: int) -> bool:
    return (await rows(reader, "SELECT count(*) FROM parked_event"))[0][0] == number


async def test_what_arrives_later_on_a_buried_key_is_parked_in_order(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    reader.before = refuse("case-1", 2)
    consumer = reader.consumer()
    await consumer.start()
    await sender.commit(message("case-1", 1), message("case-1", 2))
    await wait_until(lambda: reader.counted("tocsin_dead_letters_total", topic=TOPIC, reason="invalid") == 1)
    await sender.commit(message("case-1", 3), message("case-2", 1))
    await sender.commit(message("case-1", 4))
    await wait_until(lambda: parked(reader, 2))
    await reader.until_applied({"case-1": [1], "case-2": [1]})
    assert await rows(reader, 'SELECT value FROM parked_event ORDER BY "offset"') == [(b'{"n":3}',), (b'{"n":4}',)]


async def test_a_fault_that_may_be_chance_is_tried_again_alone(sender: Sender, reader: Reader, relay: Relay) -> None:
    failures = 0

    def flaky(_received: Sequence[Received]) -> None:
        nonlocal failures
        failures += 1
        if failures <= 2:
            raise KeyError("by chance")

    reader.before = flaky
    consumer = reader.consumer()
    await consumer.start()
    await sender.commit(message("case-1", 1))
    await reader.until_applied({"case-1": [1]})
    assert await rows(reader, "SELECT * FROM dead_letter") == []


async def test_bytes_that_cannot_be_read_are_buried_whole(sender: Sender, reader: Reader, relay: Relay) -> None:
    consumer = reader.consumer()
    await consumer.start()
    await sender.commit(message("case-1", 1, payload=b"\x00\xff not json"), message("case-2", 1))
    await reader.until_applied({"case-2": [1]})
    await wait_until(lambda: reader.counted("tocsin_dead_letters_total", topic=TOPIC, reason="unreadable") == 1)
    assert await rows(reader, "SELECT value, reason FROM dead_letter") == [(b"\x00\xff not json", "unreadable")]


async def test_a_topic_of_poison_stops_the_consumer_instead_of_being_drained(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    await sender.commit(*(message(f"case-{number}", 1, payload=b"junk") for number in range(100)))
    await sender.flushed()
    consumer = reader.consumer()
    await consumer.start()
    await wait_until(lambda: "cannot be taken" in consumer.check().detail)
    assert not consumer.check().ok
    assert await read_so_far(reader) < 100


async def test_two_instances_share_the_work_and_one_takes_over_from_the_other(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    first, second = reader.consumer(), reader.consumer()
    await first.start()
    await ready(first)
    await second.start()
    await wait_until(lambda: len(first._holdings.places) == 6 and len(second._holdings.places) == 6)
    keys = [f"case-{number}" for number in range(24)]
    await sender.commit(*(message(key, 1) for key in keys))
    await reader.until_applied({key: [1] for key in keys})
    await first.stop()
    await sender.commit(*(message(key, 2) for key in keys))
    await reader.until_applied({key: [1, 2] for key in keys})


async def test_a_consumer_that_was_frozen_while_another_took_over_writes_nothing(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    """The zombie holds a batch in its hands; meanwhile its partitions are claimed and read on from."""
    frozen, thawed = asyncio.Event(), asyncio.Event()
    zombie = reader.consumer()
    freeze_before_its_transaction(zombie, frozen, thawed)
    await zombie.start()
    await ready(zombie)
    await sender.commit(message("case-1", 1))
    await frozen.wait()

    successor = reader.consumer()
    async with reader.db.transaction() as tx:
        await tx.execute("UPDATE consumer_position SET epoch = epoch + 1, owner = 'successor'")
    thawed.set()
    await wait_until(lambda: zombie._uncertain or not zombie._holdings.places)
    assert await reader.applied() == {}

    await zombie.stop()
    await successor.start()
    await reader.until_applied({"case-1": [1]})
    await successor.stop()


def freeze_before_its_transaction(consumer, frozen: asyncio.Event, thawed: asyncio.Event) -> None:
    take = type(consumer._work).take

    async def slowly(items):
        frozen.set()
        await thawed.wait()
        await take(consumer._work, items)

    object.__setattr__(consumer._work, "take", slowly)


async def test_a_consumer_that_is_fenced_and_still_assigned_claims_again(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    consumer = reader.consumer()
    await consumer.start()
    await ready(consumer)
    async with reader.db.transaction() as tx:
        await tx.execute("UPDATE consumer_position SET epoch = epoch + 1, owner = 'nobody'")
    await sender.commit(message("case-1", 1))
    await reader.until_applied({"case-1": [1]})
    await ready(consumer)


@pytest.mark.parametrize(
    ("change", "told"),
    [("next_offset = 1000", "1000"), ("cluster_id = 'another'", "another")],
)
async def test_a_position_that_cannot_be_read_on_from_is_not_ready_with_a_runbook(
    sender: Sender, reader: Reader, relay: Relay, change: str, told: str
) -> None:
    first = reader.consumer()
    await first.start()
    await ready(first)
    await first.stop()
    async with reader.db.transaction() as tx:
        await tx.execute(f"UPDATE consumer_position SET {change}")
    await sender.commit(message("case-1", 1))
    consumer = reader.consumer()
    await consumer.start()
    await wait_until(lambda: "docs/runbooks/position-out-of-range.md" in consumer.check().detail)
    assert told in consumer.check().detail
    assert await reader.applied() == {}


async def test_without_its_topics_a_consumer_waits_and_says_what_to_do(reader: Reader) -> None:
    reader.settings = reader.settings.model_copy(update={"topic_prefix": "nobody-made-these."})
    consumer = reader.consumer()
    await consumer.start()
    await wait_until(lambda: "tocsin topics apply" in consumer.check().detail)
