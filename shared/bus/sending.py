"""Sending a batch of outbox rows: all at once, and what of it is known to be acknowledged.

A producer that raised is of no more use (aiokafka issue 1017). One that says nothing is waited for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.bus import kafka
from shared.components.crash import CrashPoint
from shared.settings import KafkaSettings

STOP_TIMEOUT = 5.0


@dataclass(frozen=True)
class Pending:
    """One row of the outbox, as it is sent."""

    id: int
    topic: str
    key: str
    headers: list[tuple[str, bytes]]
    payload: bytes


@dataclass(frozen=True)
class Outcome:
    """Ids that may be deleted, and the error that ended the batch early."""

    acknowledged: list[int]
    error: BaseException | None = None


class Sender:
    """Holds one idempotent producer, made when needed and replaced after an error."""

    def __init__(self, settings: KafkaSettings, reach: CrashPoint) -> None:
        self._settings = settings
        self._reach = reach
        self._producer: Any = None

    async def start(self) -> None:
        """Have a producer that is connected; raises one of `kafka.CLIENT_ERRORS` when Kafka is away."""
        if self._producer is None:
            producer = kafka.producer(self._settings)
            try:
                await producer.start()
            except BaseException:
                await _discard(producer)
                raise
            self._producer = producer

    async def send(self, rows: Sequence[Pending], keep_waiting: Callable[[], Awaitable[bool]]) -> Outcome:
        """Send `rows` in order; return when all are acknowledged, one failed, or waiting is no longer wanted.

        `keep_waiting` is asked about once a second while there is no outcome.
        """
        futures: list[asyncio.Future[Any]] = []
        error: BaseException | None = None
        try:
            for row in rows:
                future = await self._hand_over(row)
                futures.append(future)
        except kafka.CLIENT_ERRORS as failure:
            error = failure
        self._reach("relay.after_send")
        error = await _settle(futures, keep_waiting) if error is None else error
        return Outcome(acknowledged_prefixes(rows, [_acknowledged(future) for future in futures]), error)

    async def stop(self) -> None:
        """Close the producer within five seconds, or abandon it: what it may still send is sent twice."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _discard(producer)

    async def _hand_over(self, row: Pending) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = await self._producer.send(
            self._settings.topic_prefix + row.topic, row.payload, key=row.key.encode(), headers=row.headers
        )
        return future


def acknowledged_prefixes(rows: Sequence[Pending], acknowledged: Sequence[bool]) -> list[int]:
    """Ids acknowledged with everything before them of the same key; a later one alone must be sent again.

    `acknowledged` may be shorter than `rows`: the rest was never handed over.
    """
    broken: set[tuple[str, str]] = set()
    prefix = []
    for place, row in enumerate(rows):
        if place < len(acknowledged) and acknowledged[place] and (row.topic, row.key) not in broken:
            prefix.append(row.id)
        else:
            broken.add((row.topic, row.key))
    return prefix


async def _settle(
    futures: Sequence[asyncio.Future[Any]], keep_waiting: Callable[[], Awaitable[bool]]
) -> BaseException | None:
    """Wait for every outcome; the first error, or None when all went well or waiting was given up."""
    pending: set[asyncio.Future[Any]] = set(futures)
    while pending:
        done, pending = await asyncio.wait(pending, timeout=1.0, return_when=asyncio.FIRST_EXCEPTION)
        for future in done:
            if future.exception() is not None:
                return future.exception()
        if pending and not await keep_waiting():
            return TimeoutError("no acknowledgement from Kafka")
    return None


def _acknowledged(future: asyncio.Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


async def _discard(producer: Any) -> None:
    try:
        async with asyncio.timeout(STOP_TIMEOUT):
            await producer.stop()
    except kafka.CLIENT_ERRORS:
        # Its sender would otherwise go on trying for as long as the process lives.
        await producer.client.close()
