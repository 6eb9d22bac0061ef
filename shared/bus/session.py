"""One life of the clients of Kafka: a member of the group, and an observer of beginnings, ends and cluster.

Assignments are read from the client at each poll: errors in its rebalance callbacks are swallowed, so
nothing rests on them.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError

from shared.bus import kafka
from shared.bus.connecting import away
from shared.bus.positions import Place
from shared.bus.records import Record
from shared.contracts.vocabulary import Topic
from shared.errors import Transient
from shared.settings import KafkaSettings

CLOSE_TIMEOUT = 5.0
OPEN_TIMEOUT = 20.0


class Misplaced(Transient):
    """The client does not know where to read on (offset None), or wants to where the log holds nothing."""

    def __init__(self, places: Mapping[Place, int | None]) -> None:
        super().__init__(f"no position in {', '.join(f'{p.topic}/{p.partition}' for p in places)}", retry_after=0.0)
        self.places = places


class Session:
    """Open once, poll again and again, close. Errors of Kafka surface as `Transient`: open a new one then."""

    def __init__(self, settings: KafkaSettings, service: str, topics: Sequence[Topic]) -> None:
        self._settings = settings
        self._names = {kafka.topic_name(settings, topic): topic.value for topic in topics}
        self._member = kafka.consumer(settings, kafka.group_id(settings, service))
        self._observer = kafka.observer(settings)
        self._admin = kafka.admin(settings)
        self._polling: asyncio.Task[dict[Any, list[Any]]] | None = None
        self.polls = 0
        """How many polls were begun; the last brings, or brought, what `poll` returns next."""
        self._listener = _Joined()

    @property
    def joined(self) -> bool:
        """Whether the group has given this member its partitions, be it none."""
        return self._listener.joined

    async def open(self) -> None:
        """Connect, see that the topics are there, join the group."""
        try:
            async with asyncio.timeout(OPEN_TIMEOUT):
                await self._admin.start()
                _require(set(self._names), set(await self._admin.list_topics()))
                await self._observer.start()
                await self._member.start()
                self._member.subscribe(topics=list(self._names), listener=self._listener)
        except kafka.CLIENT_ERRORS as error:
            await self.close()
            raise await away(self._settings, error) from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Leave the group and close, each client within five seconds or by abandoning it."""
        if self._polling is not None:
            self._polling.cancel()
        for client in (self._member, self._observer):
            with suppress(*kafka.CLIENT_ERRORS):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await client.stop()
        with suppress(*kafka.CLIENT_ERRORS):
            await self._admin.close()

    def assigned(self) -> set[Place]:
        """The partitions that the group has given to this member, as of now."""
        return {self._place(tp) for tp in self._member.assignment()}

    async def poll(self, timeout: float) -> dict[Place, list[Record]]:
        """Records that came, or nothing after `timeout` seconds.

        The client's own poll is never cancelled: it ends by its own time-out, or goes on in the next call
        (a rebalance can hold it for as long as a broker is away).
        """
        if self._polling is None:
            poll = self._member.getmany(timeout_ms=int(timeout * 1000), max_records=kafka.MAX_POLL_RECORDS)
            self._polling = asyncio.create_task(poll, name="poll")
            self.polls += 1
        done, _ = await asyncio.wait({self._polling}, timeout=timeout * 2)
        if not done:
            return {}
        task, self._polling = self._polling, None
        try:
            return self._records(await task)
        except NoOffsetForPartitionError as error:
            raise Misplaced({self._place(tp): None for tp in error.args}) from error
        except OffsetOutOfRangeError as error:
            raise Misplaced({self._place(tp): offset for tp, offset in error.args[0].items()}) from error
        except kafka.CLIENT_ERRORS as error:
            raise _transient(error) from error

    def seek(self, place: Place, offset: int) -> None:
        """Read on there. Raises `Transient` when the partition has just been taken away."""
        try:
            self._member.seek(self._partition(place), offset)
        except kafka.CLIENT_ERRORS as error:
            raise _transient(error) from error

    def pause(self, places: Iterable[Place]) -> None:
        """Fetch nothing of these until they are resumed; those that are not ours are left out."""
        self._member.pause(*self._ours(places))

    def resume(self, places: Iterable[Place]) -> None:
        """Fetch them again."""
        self._member.resume(*self._ours(places))

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        """Tell Kafka the positions, for its lag tools alone."""
        with suppress(*kafka.CLIENT_ERRORS):
            await self._member.commit({self._partition(place): offset for place, offset in offsets.items()})

    async def beginnings(self, places: Iterable[Place]) -> dict[Place, int]:
        """The first offset of each partition that the log still holds."""
        return await self._offsets(self._observer.beginning_offsets, places)

    async def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """The offset after the last record of each partition."""
        return await self._offsets(self._observer.end_offsets, places)

    async def cluster_id(self) -> str:
        """The identity of the cluster; positions mean nothing in another."""
        return str((await _kafka(self._admin.describe_cluster()))["cluster_id"])

    def _ours(self, places: Iterable[Place]) -> list[Any]:
        assigned = self._member.assignment()
        return [partition for partition in map(self._partition, places) if partition in assigned]

    async def _offsets(self, ask: Any, places: Iterable[Place]) -> dict[Place, int]:
        found = await _kafka(ask([self._partition(place) for place in places]))
        return {self._place(tp): offset for tp, offset in found.items()}

    def _records(self, polled: Mapping[Any, list[Any]]) -> dict[Place, list[Record]]:
        return {self._place(tp): [self._record(raw) for raw in raws] for tp, raws in polled.items()}

    def _record(self, raw: Any) -> Record:
        place = Place(self._names[raw.topic], raw.partition)
        return Record(place, raw.offset, raw.key, raw.value, tuple(raw.headers))

    def _place(self, partition: Any) -> Place:
        return Place(self._names[partition.topic], partition.partition)

    def _partition(self, place: Place) -> Any:
        return TopicPartition(self._settings.topic_prefix + place.topic, place.partition)


class _Joined(ConsumerRebalanceListener):  # type: ignore[misc]
    """Only notes that an assignment came."""

    def __init__(self) -> None:
        self.joined = False

    def on_partitions_revoked(self, revoked: Any) -> None:
        """Nothing: what is no longer assigned is seen at the next poll."""

    def on_partitions_assigned(self, assigned: Any) -> None:  # noqa: ARG002
        self.joined = True


def _require(wanted: set[str], found: set[str]) -> None:
    missing = wanted - found
    if missing:
        raise Transient(f"no topic {', '.join(sorted(missing))}; run `tocsin topics apply`")


def _transient(error: Exception) -> Transient:
    return Transient(f"Kafka: {type(error).__name__}: {error}")


async def _kafka(answer: Awaitable[Any]) -> Any:
    try:
        return await answer
    except kafka.CLIENT_ERRORS as error:
        raise _transient(error) from error
