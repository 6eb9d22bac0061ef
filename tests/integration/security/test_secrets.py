"""Canaries: every secret and every personal word is a mark, and nothing that a service prints or answers holds one."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from shared.bus import kafka
from shared.contracts.vocabulary import Topic
from shared.settings import KafkaSettings
from tests.support.caller import Caller, escalation
from tests.support.config_dir import configuration, key, write
from tests.support.engines import apart
from tests.support.installation import Installation
from tests.support.waiting import wait_for

LINKS, PAGER, DATABASE, KEY = "canary-of-links", "whsec_Y2FuYXJ5LW9mLXBhZ2Vy", "canary-of-database", "canary-of-a-key"
JSON = {"Content-Type": "application/json"}
TOLD = {
    "summary": "canary-summary",
    "description": "canary-description",
    "reporter": {"type": "user", "id": "canary-reporter", "name": "canary-name"},
    "stakeholders": [{"address": "canary-stakeholder@example.org"}],
    "evidence": [{"type": "text", "value": "canary-evidence"}],
    "labels": {"place": "canary-label"},
}
WORDS = ("summary", "description", "reporter", "name", "stakeholder", "evidence", "label", "poison")
PERSONAL = [f"canary-{word}" for word in WORDS]


@pytest.fixture
async def house(database_url: str, kafka_settings: KafkaSettings, tmp_path: Path) -> AsyncIterator[Installation]:
    """Two services whose pager is away, and one with a password that the database does not know."""
    config = write(tmp_path / "config", configuration(pager_url="http://127.0.0.1:1/hook"))
    environment = {"TOCSIN_SECRET_KEY": LINKS, "PAGER_SECRET": PAGER, "TOCSIN_LOG_LEVEL": "debug"}
    house = Installation(database_url, kafka_settings, config, tmp_path, environment)
    house.start("intake", "notifier")
    house.environment["TOCSIN_DATABASE_URL"] = wrong_password(database_url)
    house.start("router")
    house.wait_ready("intake", "notifier")
    yield house
    house.stop()


def wrong_password(url: str) -> str:
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"nobody:{DATABASE}@{address}").geturl()


async def poison(settings: KafkaSettings) -> None:
    producer = kafka.producer(settings)
    await producer.start()
    body = b'{"change": "canary-poison", "case": {"summary": "canary-summary"}}'
    headers = [("ce_type", b"tocsin.case.opened"), ("ce_source", b"/tocsin/intake")]
    await producer.send_and_wait(kafka.topic_name(settings, Topic.CASES), body, key=b"canary-poison", headers=headers)
    await producer.stop()


def bad_requests(house: Installation) -> list[httpx.Response]:
    """Every way to be refused, with marks in what was sent."""
    url, mine = house.url("intake"), {"Authorization": f"Bearer {key('report-tool')}"}
    broken: list[Any] = [
        escalation(**TOLD, policy_area="nothing-known"),
        escalation(**{**TOLD, "reporter": {"type": "user", "id": 5, "name": "canary-name"}}),
        escalation(**{**TOLD, "evidence": [{"type": "text", "value": "canary-evidence" * 500}]}),
    ]
    with httpx.Client(timeout=10) as client:
        answers = [client.post(f"{url}/v1/escalations", json=body, headers=mine) for body in broken]
        answers.append(client.post(f"{url}/v1/escalations", json={}, headers={"Authorization": f"Bearer {KEY}"}))
        answers.append(client.post(f"{url}/v1/escalations", content=b"canary-description", headers={**mine, **JSON}))
    return answers


def open_pages(house: Installation) -> str:
    """All that a service tells anybody, and what the lead reads of pages."""
    bases = [house.url(service) for service in ("intake", "notifier", "router")]
    addresses = [base + path for base in bases for path in ("/livez", "/readyz", "/metrics", "/docs", "/openapi.json")]
    with httpx.Client(timeout=10, headers={"Authorization": f"Bearer {key('lead')}"}) as client:
        return "\n".join(client.get(address).text for address in [*addresses, house.url("notifier") + "/v1/pages"])


def the_page_failed(house: Installation) -> bool:
    lead = Caller(house.url, "lead")
    pages = lead.items("notifier", "/v1/pages")
    lead.close()
    return any(attempt["tries"] >= 1 for page in pages for attempt in page["attempts"])


def test_no_canary_sings(house: Installation, kafka_settings: KafkaSettings) -> None:
    tool, lead = Caller(house.url, "report-tool"), Caller(house.url, "lead")
    tool.escalate(**TOLD)
    apart(poison(kafka_settings))
    manual = lead.post("notifier", "/v1/pages", {"policy": "safety", "summary": "somebody look", "urgency": "high"})
    refusals = bad_requests(house)
    wait_for(lambda: the_page_failed(house), 30, what="an attempt at the pager that is away")
    wait_for(lambda: "unreadable" in metrics(house) or "invalid" in metrics(house), 30, what="the poison was found")
    wait_for(lambda: "PostgreSQL" in readiness(house), 30, what="router is refused by the database")
    tool.close()
    lead.close()

    printed = "".join(house.log(service, tail=10_000_000) for service in ("intake", "notifier", "router"))
    answered = open_pages(house) + "".join(answer.text for answer in refusals)

    assert manual.status_code == 201
    assert [answer.status_code for answer in refusals] == [422, 422, 422, 401, 422]
    own_password = urlsplit(house.database_url).password or "no password"
    secrets = [LINKS, PAGER, DATABASE, KEY, f":{own_password}@", key("report-tool"), key("lead")]
    assert not [mark for mark in secrets if mark in printed + answered]
    assert re.search(r"/v1/ack/[A-Za-z0-9_-]{20}", printed + answered) is None, "the token of a link"
    assert not [mark for mark in PERSONAL if mark in printed], "logs"
    assert not [mark for mark in PERSONAL if mark in answered.replace("canary-summary", "")], "answers"


def metrics(house: Installation) -> str:
    text = httpx.get(house.url("notifier") + "/metrics", timeout=10).text
    return "".join(line for line in text.splitlines() if line.startswith("tocsin_dead_letters_total{"))


def readiness(house: Installation) -> str:
    return httpx.get(house.url("router") + "/readyz", timeout=10).text
