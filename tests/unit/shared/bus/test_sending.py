"""What may be deleted after a batch: per key only what was acknowledged with everything before it."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka.errors import KafkaTimeoutError, OutOfOrderSequenceNumber

from shared.bus.sending import Outcome, Pending, Sender, acknowledged_prefixes
from shared.settings import KafkaSettings


def rows(*keys: str) -> list[Pending]:
    return [Pending(number, "tocsin.cases", key, [], b"") for number, key in enumerate(keys, start=1)]


def test_all_acknowledged_is_all_deleted() -> None:
    assert acknowledged_prefixes(rows("a", "b", "a"), [True, True, True]) == [1, 2, 3]


def test_what_follows_a_failure_on_its_key_stays_even_if_it_was_acknowledged() -> None:
    assert acknowledged_prefixes(rows("a", "b", "a", "b"), [False, True, True, True]) == [2, 4]


def test_what_was_never_handed_over_stays() -> None:
    assert acknowledged_prefixes(rows("a", "a", "b"), [True]) == [1]


def test_the_same_key_in_another_topic_is_another_key() -> None:
    pending = [Pending(1, "tocsin.cases", "a", [], b""), Pending(2, "tocsin.dead-letters", "a", [], b"")]
    assert acknowledged_prefixes(pending, [False, True]) == [2]


class Producer:
    """Gives each message the outcome that `decide` has for it: True, an error, or None for never."""

    def __init__(self, decide: Callable[[int], Any], refuses_from: int | None = None) -> None:
        self._decide = decide
        self._refuses_from = refuses_from
        self.taken = 0

    async def send(self, *_: Any, **__: Any) -> "asyncio.Future[Any]":
        if self.taken == self._refuses_from:
            raise KafkaTimeoutError
        self.taken += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        outcome = self._decide(self.taken)
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        elif outcome is not None:
            future.set_result(outcome)
        return future


async def sent(producer: Producer, *keys: str) -> Outcome:
    """Send rows of these keys; a silent broker is given up at the first question."""
    sender = Sender(KafkaSettings(), lambda _name: None)
    sender._producer = producer

    async def give_up() -> bool:
        return False

    return await sender.send(rows(*keys), give_up)


async def test_all_acknowledged() -> None:
    assert await sent(Producer(lambda _: True), "a", "b") == Outcome([1, 2])


async def test_a_broker_that_says_nothing_has_acknowledged_nothing() -> None:
    outcome = await sent(Producer(lambda _: None), "a", "b")
    assert outcome.acknowledged == []
    assert isinstance(outcome.error, TimeoutError)


async def test_after_an_error_only_what_was_acknowledged_before_it_on_its_key_is_known() -> None:
    outcome = await sent(Producer(lambda n: OutOfOrderSequenceNumber() if n == 2 else True), "a", "a", "a", "b")
    assert outcome.acknowledged == [1, 4]
    assert isinstance(outcome.error, OutOfOrderSequenceNumber)


async def test_a_producer_that_takes_no_more_ends_the_batch_there() -> None:
    outcome = await sent(Producer(lambda _: True, refuses_from=2), "a", "b", "c")
    assert outcome.acknowledged == [1, 2]
    assert isinstance(outcome.error, KafkaTimeoutError)
