"""Dead letters replayed and discarded: what was parked follows in order, once, and nothing overtakes it."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.bus import dead_letters
from shared.bus.dead_letters import Choice, LetterState, Listed
from shared.bus.messages import Received
from shared.bus.relay import Relay
from shared.errors import Permanent, PermanentReason
from tests.support.bus import Reader, Sender, message, ready
from tests.support.waiting import wait_until

TOPIC = "tocsin.cases"
KEY = "case-1"


class Refusing:
    """A handler's fault: these numbers cannot be taken, until they are mended."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = set(numbers)
        self.seen: list[int] = []

    def __call__(self, received: Sequence[Received]) -> None:
        self.seen += [event.seq for event in received]
        refused = self.numbers & {event.seq for event in received if event.key == KEY}
        if refused:
            raise Permanent(PermanentReason.INVALID, f"not {min(refused)}")


async def letters(reader: Reader, *states: LetterState) -> list[Listed]:
    async with reader.db.connection() as connection:
        return await dead_letters.listed(connection, Choice(states=states or None), limit=100)


async def until_parked(reader: Reader, number: int) -> None:
    async def as_many() -> bool:
        async with reader.db.connection() as connection:
            assert await dead_letters.parked_events(connection) == number
        return True

    await wait_until(as_many, what=f"{number} parked events")


async def replay(reader: Reader) -> list[Listed]:
    async with reader.db.transaction() as tx:
        return await dead_letters.mark_for_replay(tx, Choice())


async def discard(reader: Reader) -> list[Listed]:
    async with reader.db.transaction() as tx:
        return await dead_letters.discard(tx, Choice())


async def until_states(reader: Reader, *states: LetterState) -> None:
    async def as_these() -> bool:
        assert [letter.state for letter in await letters(reader)] == list(states)
        return True

    await wait_until(as_these, what=f"dead letters {states}")


async def buried(sender: Sender, reader: Reader, refusing: Refusing, *, events: int) -> None:
    """A consumer that has applied the first event of the key, buried the second and parked the rest."""
    reader.before = refusing
    consumer = reader.consumer()
    await consumer.start()
    await sender.commit(*(message(KEY, seq) for seq in range(1, events + 1)))
    await until_parked(reader, events - 2)


async def test_a_replayed_letter_is_taken_and_then_what_waited_behind_it(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    refusing = Refusing(2)
    await buried(sender, reader, refusing, events=5)
    refusing.numbers.clear()
    assert [letter.parked for letter in await replay(reader)] == [3]

    await reader.until_applied({KEY: [1, 2, 3, 4, 5]})
    await until_parked(reader, 0)
    await until_states(reader, LetterState.REPLAYED)
    await sender.commit(message(KEY, 6))
    await reader.until_applied({KEY: [1, 2, 3, 4, 5, 6]})
    assert reader.counted("tocsin_sequence_gaps_total", topic=TOPIC) == 0


async def test_a_letter_that_fails_again_is_open_with_its_new_error_and_keeps_the_rest_parked(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    refusing = Refusing(2)
    await buried(sender, reader, refusing, events=4)

    def otherwise(received: Sequence[Received]) -> None:
        raise Permanent(PermanentReason.TOO_LARGE, "still not")

    reader.before = otherwise
    await replay(reader)
    await until_states(reader, LetterState.OPEN)
    [letter] = await letters(reader)
    assert (letter.reason, letter.error, letter.parked) == (PermanentReason.TOO_LARGE, "still not", 2)
    assert await reader.applied() == {KEY: [1]}


async def test_a_parked_event_that_cannot_be_taken_becomes_a_letter_and_parks_the_rest(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    refusing = Refusing(2, 4)
    await buried(sender, reader, refusing, events=6)
    refusing.numbers.remove(2)
    await replay(reader)
    await until_states(reader, LetterState.REPLAYED, LetterState.OPEN)
    await reader.until_applied({KEY: [1, 2, 3]})
    [second] = await letters(reader, LetterState.OPEN)
    assert (second.error, second.parked) == ("not 4", 2)

    await sender.commit(message(KEY, 7))
    await until_parked(reader, 3)
    refusing.numbers.clear()
    await replay(reader)
    await reader.until_applied({KEY: [1, 2, 3, 4, 5, 6, 7]})


async def test_what_waited_behind_a_discarded_letter_is_taken_and_its_number_is_not_missed(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    await buried(sender, reader, Refusing(2), events=5)
    assert len(await discard(reader)) == 1
    await reader.until_applied({KEY: [1, 3, 4, 5]})
    await until_parked(reader, 0)
    await sender.commit(message(KEY, 6))
    await reader.until_applied({KEY: [1, 3, 4, 5, 6]})
    assert reader.counted("tocsin_sequence_gaps_total", topic=TOPIC) == 0
    await until_states(reader, LetterState.DISCARDED)


async def test_a_discarded_record_that_bore_the_number_of_another_event_does_not_take_it_along(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    consumer = reader.consumer()
    await consumer.start()
    await sender.commit(message(KEY, 1), message(KEY, 2, payload=b"junk"), message(KEY, 2), message(KEY, 3))
    await until_parked(reader, 2)
    await discard(reader)
    await reader.until_applied({KEY: [1, 2, 3]})
    await until_states(reader, LetterState.DISCARDED)


async def test_events_that_come_while_parked_ones_are_taken_do_not_overtake_them(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    refusing = Refusing(2)
    await buried(sender, reader, refusing, events=300)
    reader.before = lambda _received: asyncio.sleep(0.05)
    await replay(reader)
    for seq in range(301, 601, 10):
        await sender.commit(*(message(KEY, seq + place) for place in range(10)))
        await asyncio.sleep(0)
    await reader.until_applied({KEY: list(range(1, 601))})
    await until_parked(reader, 0)


async def test_a_number_that_another_event_has_taken_cannot_be_replayed_and_holds_up_nobody(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    consumer = reader.consumer()
    await consumer.start()
    await sender.commit(message(KEY, 1), message(KEY, 1), message(KEY, 2))
    await reader.until_applied({KEY: [1, 2]})
    [before] = await replay(reader)
    assert before.reason is PermanentReason.CONFLICTING_SEQUENCE
    await until_states(reader, LetterState.OPEN)
    await sender.commit(message(KEY, 3))
    await reader.until_applied({KEY: [1, 2, 3]})


async def test_a_partition_that_moves_in_the_middle_of_a_replay_loses_and_doubles_nothing(
    sender: Sender, reader: Reader, relay: Relay
) -> None:
    refusing = Refusing(2)
    await buried(sender, reader, refusing, events=400)
    [first] = reader.consumers
    taken = 0

    async def slowly(received: Sequence[Received]) -> None:
        nonlocal taken
        taken += len(received)
        await asyncio.sleep(0.05)

    reader.before = slowly
    await replay(reader)
    await wait_until(lambda: taken > 1, what="the replay has begun")
    second = reader.consumer()
    await second.start()
    await ready(second)
    await sender.commit(*(message(KEY, seq) for seq in range(401, 451)))
    await first.stop()
    await reader.until_applied({KEY: list(range(1, 451))})
    await until_parked(reader, 0)


@pytest.mark.parametrize("state", [LetterState.REPLAYED, LetterState.DISCARDED])
async def test_what_is_settled_is_not_marked_again(
    sender: Sender, reader: Reader, relay: Relay, state: LetterState
) -> None:
    refusing = Refusing(2)
    await buried(sender, reader, refusing, events=3)
    refusing.numbers.clear()
    await (replay(reader) if state is LetterState.REPLAYED else discard(reader))
    await until_states(reader, state)
    assert await replay(reader) == []
    assert await discard(reader) == []
