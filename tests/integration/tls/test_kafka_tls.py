"""Kafka behind TLS: logins by SCRAM, client certificates, and what is said when one of them does not fit."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from shared.bus import topics
from shared.settings import KafkaSettings
from tests.support.caller import Caller
from tests.support.config_dir import configuration, write
from tests.support.engines import Engines, apart, cloned_database
from tests.support.installation import Installation
from tests.support.tls import PASSWORD, USER, SecuredKafka, secured_kafka
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_kafka(tmp_path_factory.mktemp("secured")) as running:
        yield running


@pytest.fixture(scope="module")
def topics_there(broker: SecuredKafka) -> str:
    """What `tocsin topics apply` says once the broker is up: it logs in as the services do."""

    def applied() -> str | None:
        done = tocsin("topics", "apply", kafka=broker.scram())
        return done.stdout if done.returncode == 0 else None

    return wait_for(applied, 60, what="topics on the secured broker", pause=0.2) or ""


def environment(kafka: KafkaSettings) -> dict[str, str]:
    """The variables that an operator sets."""
    given = {
        "BOOTSTRAP": kafka.bootstrap,
        "SECURITY_PROTOCOL": kafka.security_protocol,
        "SASL_MECHANISM": kafka.sasl_mechanism,
        "USERNAME": kafka.username,
        "PASSWORD": kafka.password,
        "CA_FILE": kafka.ca_file,
        "CERT_FILE": kafka.cert_file,
        "KEY_FILE": kafka.key_file,
        "REPLICATION": kafka.replication,
    }
    return {f"TOCSIN_KAFKA_{name}": str(value) for name, value in given.items() if value is not None}


def tocsin(*arguments: str, kafka: KafkaSettings) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "services.cli", *arguments],
        env={**os.environ, **environment(kafka)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
async def house(
    engines: Engines, template: str, broker: SecuredKafka, topics_there: str, tmp_path: Path
) -> AsyncIterator[Installation]:
    """Services on the secured broker and a database of their own; none is started yet."""
    config = write(tmp_path / "config", configuration(pager_url="http://127.0.0.1:1"))
    async with cloned_database(engines, template) as url:
        installation = Installation(url, broker.scram(), config, tmp_path, environment(broker.scram()))
        yield installation
        installation.stop()


async def test_services_work_over_sasl_and_tls(house: Installation, topics_there: str) -> None:
    """An escalation goes to the router and its assignment comes back: produced, consumed, positions found."""
    assert "tocsin.cases" in topics_there or "every topic is there" in topics_there
    house.start("intake", "router")
    house.wait_ready("intake", "router")
    tool, lead = Caller(house.url, "report-tool"), Caller(house.url, "lead")

    case_id = tool.escalate()

    path = f"/v1/cases/{case_id}/timeline"
    lead.wait_items("intake", path, lambda items: any("assignment.offered" in item["type"] for item in items))
    tool.close()
    lead.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"TOCSIN_KAFKA_PASSWORD": "not-the-password"}, "SaslAuthenticationFailed"),
        ({"TOCSIN_KAFKA_CA_FILE": "{stranger}"}, "CERTIFICATE_VERIFY_FAILED"),
    ],
    ids=["password", "authority"],
)
async def test_what_does_not_fit_is_told_and_nothing_crashes(
    house: Installation, broker: SecuredKafka, change: dict[str, str], said: str
) -> None:
    stranger = str(broker.certificates.stranger)
    house.environment |= {name: value.format(stranger=stranger) for name, value in change.items()}
    house.start("router")

    wait_for(lambda: said in readiness(house), 30, what=said)

    assert lives(house)
    shown = readiness(house) + house.log("router", tail=1_000_000)
    assert PASSWORD not in shown
    assert "not-the-password" not in shown


def lives(house: Installation) -> bool:
    return httpx.get(f"{house.url('router')}/livez", timeout=5).status_code == 200


def readiness(house: Installation) -> str:
    """What /readyz says while it is not ready."""
    try:
        answer = httpx.get(f"{house.url('router')}/readyz", timeout=5)
    except httpx.HTTPError:
        return ""
    return answer.text if answer.status_code == 503 else ""


def test_a_client_certificate_opens_the_other_door(broker: SecuredKafka, topics_there: str) -> None:
    assert apart(topics.diff(broker.mutual())) == []

    refused = tocsin("topics", "diff", kafka=broker.mutual(with_certificate=False))

    assert refused.returncode == 1
    assert "127.0.0.1" in refused.stderr
    assert len(refused.stderr.splitlines()) <= 2


def test_the_command_names_what_is_wrong_with_a_login(broker: SecuredKafka, topics_there: str) -> None:
    refused = tocsin("topics", "apply", kafka=broker.scram(password="not-the-password"))

    assert refused.returncode == 1
    assert "SaslAuthenticationFailed" in refused.stderr
    assert "not-the-password" not in refused.stderr + refused.stdout
    assert USER not in refused.stdout
