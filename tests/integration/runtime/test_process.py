"""A service as a process: up at once, ready by itself, gone within its time with everything let go."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from shared.db.migrations import run_migrations
from tests.support.config_dir import configuration, write
from tests.support.engines import Engines, apart
from tests.support.installation import free_port
from tests.support.waiting import wait_for

APP = '''
import asyncio

from fastapi import Depends

from shared.bus.relay import Relay
from shared.components.component import READY
from shared.contracts.vocabulary import Topic
from shared.http.security import require
from shared.http.server import create_app
from shared.runtime.service import Service, run
from shared.settings import Settings


class Stuck:
    """A part that takes its time to stop."""

    name = "stuck"

    async def start(self):
        pass

    async def stop(self):
        if {stuck}:
            await asyncio.sleep(3600)

    def check(self):
        return READY


def build(settings, resources):
    relay = Relay(resources.db, settings.kafka, "router", resources.metrics, resources.clock)
    components = [relay, Stuck()]
    api = create_app(service="router", title="probe", resources=resources, components=components)
    api.get("/v1/probe", dependencies=[Depends(require("cases:read"))])(lambda: {})
    return Service("router", api, components, resources)


if __name__ == "__main__":
    raise SystemExit(run(build, Settings.from_environment()))
'''

ENV = "from shared.db.migration_env import migrate\n\nmigrate()\n"
FIRST = """
from alembic import op
from shared.db.audit_tables import audit_tables
from shared.db.tables import shared_tables

revision = "0001"
down_revision = None


def upgrade():
    shared_tables(op)
    audit_tables(op)
"""

NOWHERE = "127.0.0.1:1"


@dataclass
class Probe:
    """A small service in a folder of its own."""

    home: Path
    port: int
    process: "subprocess.Popen[str] | None" = None

    @classmethod
    def make(cls, folder: Path, *, stuck: bool = False) -> "Probe":
        home = folder / "router"
        (home / "migrations" / "versions").mkdir(parents=True)
        (home / "app.py").write_text(APP.replace("{stuck}", str(stuck)))
        (home / "migrations" / "env.py").write_text(ENV)
        (home / "migrations" / "versions" / "0001_first.py").write_text(FIRST)
        write(folder / "config", configuration(pager_url="http://127.0.0.1:1"))
        return cls(home, free_port())

    def start(self, *, database_url: str, kafka: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(self.home / "app.py")],
            env={
                **os.environ,
                "PYTHONPATH": str(Path.cwd()),
                "TOCSIN_DATABASE_URL": database_url,
                "TOCSIN_KAFKA_BOOTSTRAP": kafka,
                "TOCSIN_CONFIG_DIR": str(self.home.parent / "config"),
                "TOCSIN_PORT": str(self.port),
                "PAGER_SECRET": "whsec_dGVzdHM=",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def status(self, path: str) -> tuple[int, str]:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=2)
        except httpx.TransportError:
            return 0, ""
        return answer.status_code, answer.text

    def live(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.process.communicate()[0]
        return self.status("/livez")[0] == 200

    def ready(self) -> bool:
        return self.live() and self.status("/readyz")[0] == 200

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(25)


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[Probe]:
    probe = Probe.make(tmp_path)
    yield probe
    end(probe)


@pytest.fixture
def stuck_probe(tmp_path: Path) -> Iterator[Probe]:
    probe = Probe.make(tmp_path, stuck=True)
    yield probe
    end(probe)


def end(probe: Probe) -> None:
    if probe.process is not None:
        probe.process.kill()
        probe.process.communicate()


@pytest.fixture
def empty_url(engines: Engines) -> Iterator[str]:
    name = f"probe_{os.urandom(6).hex()}"
    apart(sql(engines.postgres_url, f"CREATE DATABASE {name}"))
    yield engines.database_url(name)
    apart(sql(engines.postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def sql(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_with_both_engines_away_it_lives_is_not_ready_and_stops_cleanly(probe: Probe, number: signal.Signals) -> None:
    probe.start(database_url=f"postgresql://nobody@{NOWHERE}/none", kafka=NOWHERE)
    wait_for(probe.live, 20)
    code, text = wait_for(lambda: told_what_is_waited_for(probe), 20)
    assert code == 503
    assert "PostgreSQL" in text
    assert probe.end(number) == 0


def told_what_is_waited_for(probe: Probe) -> tuple[int, str] | None:
    code, text = probe.status("/readyz")
    return (code, text) if "PostgreSQL" in text else None


def test_refused_keys_and_the_configuration_are_in_the_audit_and_sealed_when_it_ends(
    probe: Probe, empty_url: str, engines: Engines
) -> None:
    apart(run_migrations(empty_url, {"router": probe.home / "migrations"}))
    probe.start(database_url=empty_url, kafka=engines.kafka_bootstrap)
    wait_for(probe.ready, 20)
    for _ in range(2):
        answer = httpx.get(f"http://127.0.0.1:{probe.port}/v1/probe", headers={"Authorization": "Bearer nobody's"})
        assert answer.status_code == 401
    assert probe.end(signal.SIGTERM) == 0
    told = "SELECT string_agg(concat_ws(' ', position, action, detail -> 'count'), ', ' ORDER BY id) FROM router.audit"
    assert apart(sql(empty_url, told)) == "1 configuration.changed, 2 key.refused 2"


def test_it_waits_for_its_schema_and_becomes_ready_by_itself(probe: Probe, empty_url: str, engines: Engines) -> None:
    probe.start(database_url=empty_url, kafka=engines.kafka_bootstrap)
    wait_for(lambda: "tocsin migrate" in probe.status("/readyz")[1], 20)
    apart(run_migrations(empty_url, {"router": probe.home / "migrations"}))
    wait_for(probe.ready, 20)
    assert probe.end(signal.SIGTERM) == 0


def test_when_it_stops_its_leases_are_free_at_once(probe: Probe, empty_url: str, engines: Engines) -> None:
    apart(run_migrations(empty_url, {"router": probe.home / "migrations"}))
    probe.start(database_url=empty_url, kafka=engines.kafka_bootstrap)
    held = "SELECT count(*) FROM router.lease WHERE expires_at > now()"
    wait_for(lambda: apart(sql(empty_url, held)) == 1, 20)
    assert probe.end(signal.SIGTERM) == 0
    assert apart(sql(empty_url, held)) == 0


def test_a_part_that_does_not_stop_does_not_hold_the_process_beyond_its_time(
    stuck_probe: Probe, empty_url: str, engines: Engines
) -> None:
    apart(run_migrations(empty_url, {"router": stuck_probe.home / "migrations"}))
    stuck_probe.start(database_url=empty_url, kafka=engines.kafka_bootstrap)
    wait_for(stuck_probe.ready, 20)
    began = time.monotonic()
    assert stuck_probe.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < 20


def test_a_second_signal_ends_it_at_once(stuck_probe: Probe, empty_url: str, engines: Engines) -> None:
    apart(run_migrations(empty_url, {"router": stuck_probe.home / "migrations"}))
    stuck_probe.start(database_url=empty_url, kafka=engines.kafka_bootstrap)
    wait_for(stuck_probe.ready, 20)
    assert stuck_probe.process is not None
    stuck_probe.process.send_signal(signal.SIGTERM)
    wait_for(lambda: stuck_probe.status("/livez")[0] == 0, 10, what="HTTP is closed")
    began = time.monotonic()
    assert stuck_probe.end(signal.SIGTERM) == 128 + signal.SIGTERM
    assert time.monotonic() - began < 5


def test_a_taken_port_is_named(probe: Probe) -> None:
    with socket.create_server(("127.0.0.1", probe.port)):
        probe.start(database_url=f"postgresql://nobody@{NOWHERE}/none", kafka=NOWHERE)
        assert probe.process is not None
        text = probe.process.communicate(timeout=20)[0]
    assert probe.process.returncode != 0
    assert f"127.0.0.1:{probe.port}" in text
    assert "TOCSIN_PORT" in text
