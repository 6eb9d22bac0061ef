"""Kafka dies or freezes under a notifier: somebody is paged within 90 s, once, and nothing that happened is lost.

The broker is this module's own. Only the minute of silence is told by a clock that the test moves.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Iterator

import pytest

from services.notifier.app import TOPICS
from services.notifier.platform import GRACE, SILENT_AFTER, PlatformWatch
from shared.bus import topics
from shared.bus.consumer import Consumer
from shared.clock import SystemClock
from shared.contracts.vocabulary import PageReasonKind, PageState
from shared.errors import Transient
from shared.ids import uuid7
from shared.settings import KafkaSettings
from tests.integration.notifier.harness import Case, Desk
from tests.integration.notifier.test_platform import Seconds, looks
from tests.integration.notifier.test_service import publish
from tests.support.killable import Engine, killable_kafka
from tests.support.pager import Pager
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(180)

BACK = 60.0
LIMIT = 90


@pytest.fixture(scope="module")
def kafka_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, str]]:
    with killable_kafka(tmp_path_factory.mktemp("kafka")) as engine:
        yield engine


async def answers(asked: Awaitable[object]) -> bool:
    """Whether Kafka took the question."""
    try:
        await asked
    except (Transient, OSError):
        return False
    return True


@pytest.fixture
async def kafka_alone(kafka_engine: tuple[Engine, str]) -> KafkaSettings:
    settings = KafkaSettings(
        bootstrap=kafka_engine[1], replication=1, session_timeout_ms=1500, topic_prefix=f"t{os.urandom(4).hex()}."
    )
    await wait_until(lambda: answers(topics.apply(settings)), BACK)
    return settings


@pytest.fixture
async def consumer(desk: Desk, kafka_alone: KafkaSettings) -> AsyncIterator[Consumer]:
    """The consumer of the desk's service, at the ends of its topics."""
    consumer = Consumer(
        desk.db,
        kafka_alone,
        "notifier",
        TOPICS,
        desk.handlers,
        desk.metrics,
        SystemClock(),
        after_commit=desk.handlers.committed,
    )
    await consumer.start()
    await wait_until(lambda: consumer.check().ok, BACK, what="consuming")
    yield consumer
    await consumer.stop()


@pytest.fixture
def watches(desk: Desk) -> list[PlatformWatch]:
    """Those of two instances, moved by hand."""
    return [PlatformWatch(desk.db, desk.paging, desk.rulebooks, Seconds()) for _ in range(2)]


async def silent_for(watches: list[PlatformWatch], seconds: int) -> None:
    for watch in watches:
        await looks(watch, seconds)


async def platform_page(desk: Desk) -> list[PageState]:
    pages = [page for page in await desk.pages() if page.reasons[0].kind is PageReasonKind.PLATFORM]
    return [page.state for page in pages]


async def ends_well(desk: Desk, consumer: Consumer, watches: list[PlatformWatch], kafka: KafkaSettings) -> None:
    """Kafka is back: what breached meanwhile pages, and the platform's page closes."""
    cases = [Case() for _ in range(5)]
    events = [case.clock("breached", uuid7()) for case in cases]
    await wait_until(lambda: answers(topics.apply(kafka)), BACK, what="Kafka answers")
    await publish(kafka, "sla_monitor", *events)
    for case in cases:
        await wait_until(lambda case=case: desk.pages(case.case_id), BACK, what="a page for each")
        assert len(await desk.pages(case.case_id)) == 1
    await wait_until(lambda: consumer.check().ok, BACK, what="consuming again")

    async def closed() -> bool:
        await silent_for(watches, 1)
        return await platform_page(desk) == [PageState.RESOLVED]

    await wait_until(closed, BACK, what="the platform's page is closed")


async def test_kafka_freezes_and_thaws(
    desk: Desk,
    consumer: Consumer,
    watches: list[PlatformWatch],
    kafka_alone: KafkaSettings,
    kafka_engine: tuple[Engine, str],
    pager: Pager,
) -> None:
    await silent_for(watches, 2)
    kafka_engine[0].freeze()
    try:
        await wait_until(lambda: not consumer.check().ok, BACK, what="the consumer misses Kafka")
        await silent_for(watches, LIMIT - 5)

        assert await platform_page(desk) == [PageState.TRIGGERED]
        await wait_until(lambda: pager.taken(type="page.triggered"), what="somebody is told")
    finally:
        kafka_engine[0].thaw()
    assert len(pager.ids(type="page.triggered")) == 1
    await ends_well(desk, consumer, watches, kafka_alone)


async def test_kafka_is_killed_and_postgresql_is_away_for_a_while_too(
    desk: Desk,
    consumer: Consumer,
    watches: list[PlatformWatch],
    kafka_alone: KafkaSettings,
    kafka_engine: tuple[Engine, str],
    pager: Pager,
) -> None:
    await silent_for(watches, 2)
    kafka_engine[0].kill()
    try:
        await wait_until(lambda: not consumer.check().ok, BACK, what="the consumer misses Kafka")
        await silent_for(watches, 20)
        for watch in watches:  # nobody can look
            await watch._clock.sleep(SILENT_AFTER - 10)
        await silent_for(watches, int(GRACE) + 1)

        assert await platform_page(desk) == [PageState.TRIGGERED]
        await wait_until(lambda: pager.taken(type="page.triggered"), what="somebody is told")
    finally:
        kafka_engine[0].start()
    await ends_well(desk, consumer, watches, kafka_alone)
