"""The four services as processes of their own, on engines that are there already: to be killed and started again.

Unlike `tocsin up` nothing restarts a child here: a test decides when, and with which crash point.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from shared.settings import KafkaSettings
from tests.support.config_dir import SECRET

SERVICES = ("intake", "router", "sla_monitor", "notifier")


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Installation:
    """Services against one database and one topic prefix; `folder` takes logs and crash marks."""

    database_url: str
    kafka: KafkaSettings
    config_dir: Path
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in SERVICES})
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def url(self, service: str) -> str:
        """Base of the service's HTTP interface."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def start(self, *services: str, crash_at: str | None = None) -> None:
        """Start these services (all by default); with `crash_at` they end themselves there, once."""
        for service in services or SERVICES:
            self.processes[service] = self._spawn(service, crash_at)

    def mark(self, crash_at: str) -> Path:
        """The file that proves that the crash point was reached."""
        return self.folder / f"crash-{crash_at.replace(':', '-')}"

    def kill(self, service: str) -> None:
        """SIGKILL, and wait until it is gone."""
        self.processes[service].kill()
        self.processes[service].wait(10)

    def wait_dead(self, service: str, *, within: float = 30.0) -> int:
        """Wait until the process has ended by itself; its exit code (-9 after a crash point)."""
        return self.processes[service].wait(within)

    def wait_ready(self, *services: str, within: float = 60.0) -> None:
        """Wait until each answers /readyz with 200."""
        limit = time.monotonic() + within
        for service in services or SERVICES:
            while not self._ready(service):
                process = self.processes[service]
                assert process.poll() is None, f"{service} ended with {process.returncode}: {self.log(service)}"
                assert time.monotonic() < limit, f"{service}: {self.log(service)}\n{self.readiness(service)}"
                time.sleep(0.05)

    def stop(self) -> None:
        """SIGTERM to all, SIGKILL to what does not end in time."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)

    def log(self, service: str, *, tail: int = 3000) -> str:
        """The end of what the service printed."""
        path = self.folder / f"{service}.log"
        return path.read_text(encoding="utf-8", errors="replace")[-tail:] if path.exists() else ""

    def readiness(self, service: str) -> str:
        """What /readyz says, or why nobody answers."""
        try:
            return httpx.get(f"{self.url(service)}/readyz", timeout=10).text
        except httpx.HTTPError as error:
            return repr(error)

    def _ready(self, service: str) -> bool:
        try:
            return httpx.get(f"{self.url(service)}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def _spawn(self, service: str, crash_at: str | None) -> subprocess.Popen[bytes]:
        crash = {"TOCSIN_CRASH_AT": crash_at, "TOCSIN_CRASH_MARK": str(self.mark(crash_at))} if crash_at else {}
        with (self.folder / f"{service}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "services.cli", "run", service],
                env={**self.variables(service), **crash},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def variables(self, service: str) -> dict[str, str]:
        """The environment of a service's process, or of a command that works on the same engines."""
        return {**os.environ, **self._own_variables(service), **self.environment}

    def _own_variables(self, service: str) -> Mapping[str, str]:
        return {
            "TOCSIN_DATABASE_URL": self.database_url,
            "TOCSIN_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "TOCSIN_KAFKA_TOPIC_PREFIX": self.kafka.topic_prefix,
            "TOCSIN_KAFKA_REPLICATION": "1",
            "TOCSIN_KAFKA_SESSION_TIMEOUT_MS": "1500",
            "TOCSIN_CONFIG_DIR": str(self.config_dir),
            "TOCSIN_HOST": "127.0.0.1",
            "TOCSIN_PORT": str(self.ports[service]),
            "TOCSIN_PUBLIC_URL": self.url("notifier"),
            "TOCSIN_SECRET_KEY": "a secret of tests, thirty-two bytes long",
            "TOCSIN_LOG_LEVEL": "info",
            "PAGER_SECRET": SECRET,
        }
