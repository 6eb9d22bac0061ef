"""The topics as they must be on the brokers: create what is missing, tell what differs, never lower anything."""

import asyncio
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.bus import kafka
from shared.bus.connecting import away
from shared.contracts.vocabulary import PARTITIONS, Topic
from shared.errors import TocsinError, Transient
from shared.settings import KafkaSettings

LOOKS = 400
LOOK_PAUSE = 0.05
RETENTION_MS = 14 * 24 * 3600 * 1000


class TopicsRefused(TocsinError):
    """The brokers refuse a topic; the message says which and why."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it must be; `found` is None where the topic is missing."""

    topic: str
    what: str
    found: str | None
    wanted: str

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.topic}: missing"
        return f"{self.topic}: {self.what} is {self.found}, must be {self.wanted}"


def partitions_of(topic: Topic) -> int:
    """Twelve, but for the dead letters, which nobody reads in parallel."""
    return 1 if topic is Topic.DEAD_LETTERS else PARTITIONS


def configuration(replication: int) -> dict[str, str]:
    """The topic's own settings for this replication factor."""
    return {
        "min.insync.replicas": "2" if replication >= 3 else "1",
        "unclean.leader.election.enable": "false",
        "retention.ms": str(RETENTION_MS),
        "max.message.bytes": "1048588",
    }


async def apply(settings: KafkaSettings) -> list[str]:
    """Create the topics that are missing; their names. Raises `Transient` when Kafka is away."""
    missing = {difference.topic for difference in await diff(settings) if difference.found is None}
    wanted = [_new(topic, settings) for topic in Topic if kafka.topic_name(settings, topic) in missing]
    if wanted:
        async with _Admin(settings) as admin:
            _raise_refusals(await admin.create_topics(wanted, timeout_ms=10_000))
            await _until_listed(admin, missing)
    return sorted(missing)


async def _until_listed(admin: Any, names: set[str]) -> None:
    """A topic is known to a broker's clients a moment after it was made."""
    for _ in range(LOOKS):
        if names <= set(await admin.list_topics()):
            return
        await asyncio.sleep(LOOK_PAUSE)
    raise Transient(f"Kafka made {', '.join(sorted(names))} and does not list them yet")


async def diff(settings: KafkaSettings) -> list[Difference]:
    """What is not as it must be; empty when all is well. Raises `Transient` when Kafka is away."""
    async with _Admin(settings) as admin:
        existing = set(await admin.list_topics())
        found = [topic for topic in Topic if kafka.topic_name(settings, topic) in existing]
        names = [kafka.topic_name(settings, topic) for topic in found]
        described = {d["topic"]: d for d in await admin.describe_topics(names)} if names else {}
        configured = await _configured(admin, names) if names else {}
    differences = [
        Difference(kafka.topic_name(settings, topic), "topic", None, "there") for topic in Topic if topic not in found
    ]
    for topic in found:
        name = kafka.topic_name(settings, topic)
        differences += _compare(name, topic, described[name]["partitions"], configured[name], settings)
    return differences


def _compare(
    name: str, topic: Topic, partitions: list[dict[str, Any]], configured: dict[str, str], settings: KafkaSettings
) -> list[Difference]:
    wanted = {
        "partitions": str(partitions_of(topic)),
        "replication": str(settings.replication),
        **configuration(settings.replication),
    }
    found = {
        "partitions": str(len(partitions)),
        "replication": str(min((len(p["replicas"]) for p in partitions), default=0)),
        **configured,
    }
    return [
        Difference(name, what, found.get(what, "?"), value)
        for what, value in wanted.items()
        if found.get(what) != value
    ]


def _new(topic: Topic, settings: KafkaSettings) -> NewTopic:
    return NewTopic(
        name=kafka.topic_name(settings, topic),
        num_partitions=partitions_of(topic),
        replication_factor=settings.replication,
        topic_configs=configuration(settings.replication),
    )


def _raise_refusals(response: Any) -> None:
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            reason = (message[0] if message else None) or error.__name__
            raise TopicsRefused(f"Kafka refuses to create {name}: {reason}")


async def _configured(admin: Any, names: list[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(resources):
        for _code, _message, _type, name, entries in response.resources:
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found


class _Admin:
    """An admin client for one use; trouble with the brokers is `Transient`."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._client = kafka.admin(settings)

    async def __aenter__(self) -> Any:
        try:
            await self._client.start()
        except kafka.CLIENT_ERRORS as error:
            await self._client.close()
            raise await away(self._settings, error) from error
        return self._client

    async def __aexit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        await self._client.close()
        if isinstance(error, kafka.CLIENT_ERRORS):
            raise Transient(f"Kafka: {type(error).__name__}: {error}") from error
