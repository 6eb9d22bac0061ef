"""The whole service over real Kafka and PostgreSQL: events in, clocks out, breaches when they are due."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.sla_monitor.app import build
from shared.bus import kafka
from shared.bus.messages import Message, Received
from shared.clock import SystemClock
from shared.config.holder import ConfigHolder
from shared.contracts.vocabulary import Topic
from shared.observability.metrics import Metrics
from shared.runtime.composition import Service
from shared.runtime.resources import Resources
from shared.settings import KafkaSettings, Settings
from tests.conftest import OpenDatabase
from tests.support import config_dir
from tests.support.bus import log_of
from tests.support.waiting import wait_until
from tests.unit.sla_monitor.rules import SLA
from tests.unit.sla_monitor.tale import Tale


@pytest.fixture
async def service(database: OpenDatabase, kafka_settings: KafkaSettings, tmp_path: Path) -> AsyncIterator[Service]:
    """sla_monitor as its process would run it, ready."""
    files = config_dir.configuration(pager_url="http://127.0.0.1:1/") | {"sla": SLA}
    metrics, clock = Metrics("sla_monitor"), SystemClock()
    holder = ConfigHolder(config_dir.write(tmp_path / "config", files), clock, metrics)
    settings = Settings(kafka=kafka_settings)
    resources = Resources("sla_monitor", settings, clock, await database("sla_monitor"), holder, metrics)
    service = build(settings, resources)
    await service.start()
    await wait_until(lambda: all(c.check().ok for c in service.components), timeout=30, what="ready")
    yield service
    await service.stop()


async def publish(settings: KafkaSettings, told: Sequence[Received]) -> None:
    """Send events as the relays of their services would."""
    producer = kafka.producer(settings)
    await producer.start()
    try:
        for received in told:
            assert received.event is not None
            message = Message.of(received.event, key=received.key, seq=received.seq)
            headers = message.headers() | {"ce_source": received.source}
            await producer.send_and_wait(
                kafka.topic_name(settings, received.topic),
                value=message.payload,
                key=received.key.encode(),
                headers=[(name, text.encode()) for name, text in headers.items()],
            )
    finally:
        await producer.stop()


async def clock_events(settings: KafkaSettings, until: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(type, clock's name, value) of everything on tocsin.clocks once an event of type `until` is there."""

    async def there() -> list[tuple[str, str, dict[str, Any]]]:
        seen = [
            (_type(record), value["change"]["clock"]["name"], value)
            for record in await log_of(settings, Topic.CLOCKS)
            for value in [orjson.loads(record.value)]
        ]
        return seen if any(kind == until for kind, _, _ in seen) else []

    return await wait_until(there, timeout=30, what=until)


def _type(record: Any) -> str:
    return str(dict(record.headers)["ce_type"].decode().removeprefix("tocsin.clock."))


async def test_a_clock_that_nobody_stops_breaches_when_it_is_due(
    service: Service, kafka_settings: KafkaSettings
) -> None:
    start = datetime.now(UTC) - timedelta(minutes=5) + timedelta(seconds=2)
    tale = Tale(start=start)
    tale.opened(datetime.now(UTC), received=start)

    await publish(kafka_settings, tale.told)
    events = await clock_events(kafka_settings, until="breached")

    ((name, value),) = [(name, value) for kind, name, value in events if kind == "breached"]
    assert name == "acknowledge"
    clock = value["change"]["clock"]
    assert clock["evidence"] == "complete"
    assert clock["breached_at"] == clock["due_at"]
    late = datetime.fromisoformat(value["recorded_at"]) - datetime.fromisoformat(clock["due_at"])
    assert timedelta(0) <= late < timedelta(seconds=2)


async def test_accepting_on_the_other_topic_stops_it(service: Service, kafka_settings: KafkaSettings) -> None:
    now = datetime.now(UTC)
    tale = Tale(start=now).opened(now, received=now).accepted(now + timedelta(seconds=1))

    await publish(kafka_settings, list(reversed(tale.told)))
    events = await clock_events(kafka_settings, until="met")

    met = [value for kind, name, value in events if (kind, name) == ("met", "acknowledge")]
    assert [value["change"]["clock"]["state"] for value in met] == ["met"]
