"""The whole service over real Kafka and PostgreSQL: a breach on the topic, a page at the receiver, an event back."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.notifier.app import build
from shared.bus import kafka
from shared.bus.messages import Message
from shared.clock import SystemClock
from shared.config.holder import ConfigHolder
from shared.contracts.events import Event
from shared.contracts.vocabulary import Topic
from shared.ids import uuid7
from shared.observability.metrics import Metrics
from shared.runtime.composition import Service
from shared.runtime.resources import Resources
from shared.settings import KafkaSettings, Settings
from tests.conftest import OpenDatabase
from tests.integration.notifier.harness import Case
from tests.support.bus import log_of
from tests.support.config_dir import write
from tests.support.pager import Pager
from tests.support.waiting import wait_until


@pytest.fixture
async def service(
    database: OpenDatabase, kafka_settings: KafkaSettings, tmp_path: Path, files: dict[str, Any]
) -> AsyncIterator[Service]:
    """notifier as its process would run it, ready."""
    metrics, clock = Metrics("notifier"), SystemClock()
    holder = ConfigHolder(write(tmp_path / "config", files), clock, metrics)
    settings = Settings(kafka=kafka_settings, secret_key="a secret of tests")
    resources = Resources("notifier", settings, clock, await database("notifier"), holder, metrics)
    service = build(settings, resources)
    await service.start()
    await wait_until(lambda: all(c.check().ok for c in service.components), timeout=30, what="ready")
    yield service
    await service.stop()


async def publish(settings: KafkaSettings, source: str, *events: Event) -> None:
    """Send events as a service's relay would."""
    producer = kafka.producer(settings)
    await producer.start()
    try:
        for seq, event in enumerate(events, start=1):
            message = Message.of(event, key=str(event.case_id), seq=seq)
            headers = {**message.headers(), "ce_source": f"/tocsin/{source}"}
            await producer.send_and_wait(
                kafka.topic_name(settings, event.topic),
                message.payload,
                key=message.key.encode(),
                headers=[(name, value.encode()) for name, value in headers.items()],
            )
    finally:
        await producer.stop()


async def test_a_breach_on_the_topic_is_a_page_at_the_receiver_and_an_event_on_its_own(
    service: Service, kafka_settings: KafkaSettings, pager: Pager
) -> None:
    case, clock = Case(), uuid7()
    began = time.time()

    await publish(kafka_settings, "sla_monitor", case.clock("breached", clock))

    (notice,) = await wait_until(lambda: pager.taken(), what="a page")
    assert notice.at - began < 5

    await publish(kafka_settings, "intake", case.event("case.opened"), case.resolved())

    await wait_until(lambda: pager.taken(type="page.resolved"), what="the end")

    async def told() -> list[str]:
        records = await log_of(kafka_settings, Topic.PAGES)
        return [dict(record.headers)["ce_type"].decode() for record in records] if len(records) == 4 else []

    types = await wait_until(told, timeout=20, what="the events")
    assert types[0] == "tocsin.page.triggered"
    assert set(types) == {"tocsin.page.triggered", "tocsin.page.attempted", "tocsin.page.resolved"}
