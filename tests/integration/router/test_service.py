"""The whole service over real Kafka and PostgreSQL: cases in, offers out, within moments."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.router.app import build
from shared.bus import kafka
from shared.bus.messages import Message
from shared.clock import SystemClock
from shared.config.holder import ConfigHolder
from shared.contracts.events import CaseBound
from shared.contracts.vocabulary import Topic
from shared.observability.metrics import Metrics
from shared.runtime.composition import Service
from shared.runtime.resources import Resources
from shared.settings import KafkaSettings, Settings
from tests.conftest import OpenDatabase
from tests.integration.router.routing import files
from tests.integration.router.tale import Case
from tests.support import config_dir
from tests.support.bus import log_of
from tests.support.config_dir import specialist
from tests.support.waiting import wait_until

EN = {"en": 5}


@pytest.fixture
async def service(database: OpenDatabase, kafka_settings: KafkaSettings, tmp_path: Path) -> AsyncIterator[Service]:
    """The router as its process would run it, ready; Ana has room for two."""
    metrics, clock = Metrics("router"), SystemClock()
    given = files(specialist("ana", EN, capacity=2), offer_timeout={"high": "PT2S"})
    holder = ConfigHolder(config_dir.write(tmp_path / "config", given), clock, metrics)
    settings = Settings(kafka=kafka_settings)
    resources = Resources("router", settings, clock, await database("router"), holder, metrics)
    service = build(settings, resources)
    await service.start()
    await wait_until(lambda: all(c.check().ok for c in service.components), timeout=30, what="ready")
    yield service
    await service.stop()


async def publish(settings: KafkaSettings, *events: CaseBound) -> None:
    """Send events of intake as its relay would; the sequence is the version of the summary."""
    producer = kafka.producer(settings)
    await producer.start()
    try:
        for event in events:
            message = Message.of(event, key=str(event.case_id), seq=event.case.version)
            headers = message.headers() | {"ce_source": "/tocsin/intake"}
            await producer.send_and_wait(
                kafka.topic_name(settings, event.topic),
                value=message.payload,
                key=message.key.encode(),
                headers=[(name, text.encode()) for name, text in headers.items()],
            )
    finally:
        await producer.stop()


async def told(settings: KafkaSettings, *cases: Case) -> dict[int, list[str]]:
    """What tocsin.assignments tells of each case, in order: types without their prefix."""
    found: dict[int, list[str]] = {place: [] for place in range(len(cases))}
    places = {str(case.case_id): place for place, case in enumerate(cases)}
    for record in await log_of(settings, Topic.ASSIGNMENTS):
        kind = dict(record.headers)["ce_type"].decode().removeprefix("tocsin.assignment.")
        found[places[record.key.decode()]].append(kind)
    return found


def fresh(count: int) -> Sequence[Case]:
    return [Case(at=datetime.now(UTC)) for _ in range(count)]


async def test_cases_are_offered_expire_and_are_offered_again_until_nobody_answers(
    service: Service, kafka_settings: KafkaSettings
) -> None:
    (case,) = fresh(1)
    await publish(kafka_settings, case.opened())

    async def ended() -> bool:
        story = (await told(kafka_settings, case))[0]
        assert story == ["offered", "expired", "offered", "expired", "waiting"]
        return True

    await wait_until(ended, timeout=20, what="the specialist is set away")


async def test_what_waits_is_taken_up_within_moments_of_room_coming_free(
    service: Service, kafka_settings: KafkaSettings
) -> None:
    first, second, third = cases = fresh(3)
    await publish(kafka_settings, *(event for case in (first, second) for event in _claimed(case)))
    await publish(kafka_settings, third.opened())

    async def waits() -> bool:
        return (await told(kafka_settings, *cases))[2] == ["waiting"]

    await wait_until(waits, what="the third waits")
    await publish(kafka_settings, first.resolved("ana"))

    async def offered() -> bool:
        return (await told(kafka_settings, *cases))[2] == ["waiting", "offered"]

    await wait_until(offered, what="the third is offered")
    values = [orjson.loads(record.value) for record in await log_of(kafka_settings, Topic.ASSIGNMENTS)]
    released = _when(values, str(first.case_id), "released")
    taken_up = _when(values, str(third.case_id), "offered")
    assert (taken_up - released).total_seconds() < 1.0


async def test_the_service_stops_at_once_and_another_matches_on(
    service: Service, kafka_settings: KafkaSettings
) -> None:
    async with asyncio.timeout(15):
        await service.stop()
    async with service.resources.db.connection() as connection:
        held = await connection.fetchval("SELECT count(*) FROM lease WHERE expires_at > statement_timestamp()")
    assert held == 0


def _claimed(case: Case) -> list[CaseBound]:
    return [case.opened(), case.acknowledged("ana")]


def _when(values: Sequence[dict[str, Any]], case_id: str, state: str) -> datetime:
    """When the assignment of a case came into `state`."""
    for value in values:
        assignment = value["change"].get("assignment")
        if value["case_id"] == case_id and assignment and assignment["state"] == state:
            return datetime.fromisoformat(value["recorded_at"])
    raise AssertionError(f"{case_id} was never {state}")
