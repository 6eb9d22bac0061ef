"""Topics are made once as they must be; what differs is told, never changed."""

from aiokafka.admin import NewPartitions

from shared.bus import kafka, topics
from shared.contracts.vocabulary import Topic
from shared.settings import KafkaSettings
from tests.support.waiting import wait_until


async def test_applying_twice_changes_nothing(kafka_settings: KafkaSettings) -> None:
    assert await topics.apply(kafka_settings) == []
    assert await topics.diff(kafka_settings) == []


async def test_what_differs_is_told(kafka_settings: KafkaSettings) -> None:
    admin = kafka.admin(kafka_settings)
    await admin.start()
    pages = kafka.topic_name(kafka_settings, Topic.PAGES)
    await admin.create_partitions({pages: NewPartitions(13)})
    await admin.close()

    async def told() -> bool:
        assert list(map(str, await topics.diff(kafka_settings))) == [f"{pages}: partitions is 13, must be 12"]
        return True

    await wait_until(told)


async def test_what_is_missing_is_told(kafka_settings: KafkaSettings) -> None:
    elsewhere = kafka_settings.model_copy(update={"topic_prefix": "nobody-made-these."})
    found = [str(difference) for difference in await topics.diff(elsewhere)]
    assert found[0] == "nobody-made-these.tocsin.cases: missing"
    assert len(found) == len(Topic)
