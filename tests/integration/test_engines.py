"""The places that tests get in the engines: whole, and apart from one another."""

import asyncpg

from shared.bus import kafka, topics
from shared.settings import KafkaSettings
from tests.conftest import OpenDatabase
from tests.support.engines import Engines, cloned_database


async def test_each_test_gets_a_database_of_its_own(engines: Engines, template: str, database_url: str) -> None:
    async with cloned_database(engines, template) as other:
        connection = await asyncpg.connect(other)
        await connection.execute("CREATE TABLE only_here (id int)")
        await connection.close()

        mine = await asyncpg.connect(database_url)
        assert await mine.fetchval("SELECT to_regclass('only_here')") is None
        await mine.close()


async def test_a_pool_reads_and_writes_in_a_transaction(database: OpenDatabase) -> None:
    db = await database("public")
    async with db.transaction() as tx:
        await tx.execute("CREATE TABLE kept (id int)")
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM kept") == 0


async def test_a_message_goes_round(kafka_settings: KafkaSettings) -> None:
    assert await topics.diff(kafka_settings) == []
    producer = kafka.producer(kafka_settings)
    await producer.start()
    sent = await producer.send_and_wait(f"{kafka_settings.topic_prefix}tocsin.cases", b"round", key=b"k")
    await producer.stop()
    assert sent.offset == 0
    assert sent.partition == kafka.partition_of("k")
