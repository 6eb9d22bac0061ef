"""The log read back as it lies on the brokers, outside any group: what was said between two offsets.

For the restore of a backup alone; services read through the consumer.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from types import TracebackType
from typing import Any

from aiokafka import TopicPartition

from shared.bus import kafka
from shared.bus.positions import Place
from shared.bus.records import Record
from shared.contracts.vocabulary import PARTITIONS, Topic
from shared.errors import Transient
from shared.settings import KafkaSettings

POLL_MS = 500
SILENT_POLLS = 40
"""Polls without any record, each of `POLL_MS`, after which the brokers count as away."""


class History:
    """Use as a context. Trouble with the brokers is `Transient`."""

    def __init__(self, settings: KafkaSettings, topics: Iterable[Topic]) -> None:
        self._topics = {kafka.topic_name(settings, topic): topic.value for topic in topics}
        self._names = {topic: name for name, topic in self._topics.items()}
        self._reader = kafka.observer(settings)
        self._admin = kafka.admin(settings)
        self.cluster_id = ""

    async def __aenter__(self) -> "History":
        try:
            await self._admin.start()
            await self._reader.start()
            self.cluster_id = str((await self._admin.describe_cluster())["cluster_id"])
        except kafka.CLIENT_ERRORS as error:
            await self._close()
            raise Transient(f"Kafka: {type(error).__name__}: {error}") from error
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._close()
        if isinstance(error, kafka.CLIENT_ERRORS):
            raise Transient(f"Kafka: {type(error).__name__}: {error}") from error

    async def bounds(self) -> tuple[dict[Place, int], dict[Place, int]]:
        """The beginning and the end of every partition."""
        partitions = [TopicPartition(name, number) for name in self._topics for number in range(PARTITIONS)]
        first = await self._reader.beginning_offsets(partitions)
        last = await self._reader.end_offsets(partitions)
        return self._by_place(first), self._by_place(last)

    async def between(self, starts: Mapping[Place, int], ends: Mapping[Place, int]) -> AsyncIterator[Record]:
        """Every record from `starts` on that lies before `ends`, in order within each partition."""
        left = {self._partition(place): ends[place] for place in starts if starts[place] < ends[place]}
        self._reader.assign(list(left))
        for place, start in starts.items():
            if self._partition(place) in left:
                self._reader.seek(self._partition(place), start)
        silent = 0
        while left:
            polled = await self._reader.getmany(timeout_ms=POLL_MS)
            for raw in (raw for partition, raws in polled.items() if partition in left for raw in raws):
                if raw.offset < left[TopicPartition(raw.topic, raw.partition)]:
                    yield self._record(raw)
            silent = 0 if polled else silent + 1
            for partition in [one for one, end in left.items() if await self._reader.position(one) >= end]:
                del left[partition]
                self._reader.pause(partition)
            if silent > SILENT_POLLS:
                raise Transient(f"Kafka gives nothing of {len(left)} partitions")

    async def _close(self) -> None:
        for close in (self._reader.stop, self._admin.close):
            try:
                await close()
            except kafka.CLIENT_ERRORS:
                continue

    def _by_place(self, offsets: Mapping[Any, int]) -> dict[Place, int]:
        return {Place(self._topics[one.topic], one.partition): offset for one, offset in offsets.items()}

    def _partition(self, place: Place) -> TopicPartition:
        return TopicPartition(self._names[place.topic], place.partition)

    def _record(self, raw: Any) -> Record:
        place = Place(self._topics[raw.topic], raw.partition)
        return Record(place, raw.offset, raw.key, raw.value, tuple(raw.headers))
