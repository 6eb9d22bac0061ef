"""Engines of a test's own, to be killed and started again, frozen and thawed; the shared ones must not be harmed."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.stack import children, jars, ports, postgres_home
from services.stack.kafka import Kafka
from services.stack.postgres import Postgres


@dataclass
class Engine:
    """A process that can be killed, started again, frozen and thawed."""

    spawn: Callable[[], "subprocess.Popen[bytes]"]
    process: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self.process = self.spawn()

    def kill(self) -> None:
        children.stop(self.process, signal.SIGKILL, limit=20)

    def start(self) -> None:
        self.process = self.spawn()

    def freeze(self) -> None:
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def end(self) -> None:
        """For good, whatever state it is in."""
        if self.process.poll() is None:
            self.thaw()
            self.kill()

    def _signal_all(self, number: signal.Signals) -> None:
        """The process and its children: PostgreSQL's backends are processes of their own."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in [self.process.pid, *map(int, found)]:
            os.kill(pid, number)


@contextmanager
def killable_kafka(home: Path) -> Iterator[tuple[Engine, str]]:
    """One broker, started; with its bootstrap address."""
    home.mkdir(parents=True, exist_ok=True)
    port, controller_port = ports.choose(2)
    paths = jars.store_in(jars.default_cache()).ensure(lambda _done, _total: None)
    broker = Kafka(home=home, port=port, controller_port=controller_port, jars=paths, log=home / "kafka.log")
    broker.prepare()
    engine = Engine(broker.spawn)
    try:
        yield engine, broker.bootstrap
    finally:
        engine.end()


@contextmanager
def killable_postgres(home: Path) -> Iterator[tuple[Engine, str]]:
    """One server, started; with its superuser's URL."""
    account = postgres_home.account()
    server = Postgres(
        home=home / "postgres",
        port=ports.choose(1)[0],
        password="tests",
        programs=postgres_home.programs(account),
        account=account,
        log=home / "postgres.log",
        durable=False,
    )
    server.prepare()

    def spawn() -> "subprocess.Popen[bytes]":
        server.prepare()
        return server.spawn()

    engine = Engine(spawn)
    try:
        yield engine, server.url("postgres")
    finally:
        engine.end()
