"""docker-compose.yml without Docker: every command of it with its environment, as a local process on real engines."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from services.stack import ports
from shared.contracts.vocabulary import ServiceName
from shared.settings import KafkaSettings
from tests.support.compose import compose
from tests.support.engines import Engines, cloned_database
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(180)

VARIABLES = {
    "POSTGRES_PASSWORD": "of-tests",
    "TOCSIN_SECRET_KEY": "a secret of tests, thirty-two bytes long",
    "PAGER_URL": "http://127.0.0.1:9/pages",
    "PAGER_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}
TOCSIN = Path(sys.executable).with_name("tocsin")
READY_LIMIT = 60.0


@dataclass(frozen=True)
class Here:
    """This machine in place of the network of Compose: engines of the tests, ports that are free."""

    database_url: str
    kafka: KafkaSettings
    folder: Path

    def environment(self, service: dict[str, Any]) -> dict[str, str]:
        """The service's environment with only its hosts, ports and mounts rewritten."""
        given: dict[str, str] = dict(service["environment"])
        assert urlsplit(given["TOCSIN_DATABASE_URL"]).hostname == "postgres"
        assert given["TOCSIN_KAFKA_BOOTSTRAP"] == "kafka:9092"
        moved = {
            "TOCSIN_DATABASE_URL": self.database_url,
            "TOCSIN_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "TOCSIN_KAFKA_TOPIC_PREFIX": self.kafka.topic_prefix,
            "TOCSIN_HOST": "127.0.0.1",
            "TOCSIN_CONFIG_DIR": _mounted(service, given["TOCSIN_CONFIG_DIR"]),
        }
        return {"PATH": os.environ["PATH"], **given, **moved}

    def run(self, service: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """A one-shot service, to its end."""
        command = [str(TOCSIN), *service["command"]]
        return subprocess.run(
            command, env=self.environment(service), capture_output=True, text=True, timeout=90, check=False
        )


def _mounted(service: dict[str, Any], target: str) -> str:
    """The directory of this machine that the service sees as `target`."""
    mounts = {parts[1]: parts[0] for parts in (volume.split(":") for volume in service["volumes"])}
    source: str = mounts[target]
    return source


@pytest.fixture
async def here(engines: Engines, kafka_settings: KafkaSettings, tmp_path: Path) -> AsyncIterator[Here]:
    async with cloned_database(engines, "template0") as empty:
        yield Here(empty, kafka_settings, tmp_path)


@pytest.fixture
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose(VARIABLES)["services"]
    return found


@pytest.fixture
def processes() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Ends what a test started."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=3).status_code == 200
    except httpx.HTTPError:
        return False


def ready_or_ended(url: str, process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() is not None or ready(url)


def is_healthy(service: dict[str, Any], environment: dict[str, str]) -> bool:
    """What the container's health check would say."""
    kind, program, *arguments = service["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    return (
        subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False).returncode == 0
    )


def test_from_an_empty_database_every_service_becomes_ready_and_stops_cleanly(
    here: Here, services: dict[str, dict[str, Any]], processes: list["subprocess.Popen[bytes]"]
) -> None:
    for name in ("migrate", "topics"):
        done = here.run(services[name])
        assert done.returncode == 0, done.stderr
    free = ports.choose(len(ServiceName))
    environments = {
        name: here.environment(services[name]) | {"TOCSIN_PORT": str(port)}
        for name, port in zip(ServiceName, free, strict=True)
    }
    for name, environment in environments.items():
        with (here.folder / f"{name}.log").open("wb") as log:
            command = [str(TOCSIN), *services[name]["command"]]
            processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
    for (name, environment), process in zip(environments.items(), processes, strict=True):
        url = f"http://127.0.0.1:{environment['TOCSIN_PORT']}"
        wait_for(partial(ready_or_ended, url, process), READY_LIMIT, what=f"a ready {name}")
        assert process.poll() is None, (here.folder / f"{name}.log").read_text(encoding="utf-8")
        assert is_healthy(services[name], environment)
    for process in processes:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(25) for process in processes] == [0] * len(processes)
    assert not any(is_healthy(services[name], environment) for name, environment in environments.items())
