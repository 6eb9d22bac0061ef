"""The system under test: durable engines of its own, one to three instances of each service, a proxy between them.

What dies is started again as `tocsin up` would, by its own supervisor; what is held stays away until it is released.
Services reach PostgreSQL, Kafka and the pager through links of the proxy alone.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from services.stack import children, engines, ports
from services.stack.environment import SESSION_TIMEOUT_MS
from services.stack.supervisor import Member, Supervisor
from shared.bus import kafka, topics
from shared.clock import SystemClock
from shared.contracts.vocabulary import ServiceName, Topic
from shared.settings import KafkaSettings
from tests.chaos import servers
from tests.chaos.brokers import Brokers, brokers
from tests.chaos.proxy import LOOPBACK, Proxy
from tests.chaos.servers import POSTGRES
from tests.support.config_dir import SECRET
from tests.support.waiting import wait_until

PORTS = 6
"""Of each service, more than it has instances: another program may take one meanwhile."""

READY_LIMIT = 90.0


def kafka_member(number: int) -> str:
    """The supervisor's name of a node."""
    return f"kafka.{number}"


@dataclass(eq=False)
class Instance:
    """One process of a service; `environment` is what its next start adds."""

    service: ServiceName
    name: str
    port: int
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Base of its HTTP interface."""
        return f"http://{LOOPBACK}:{self.port}"


class Cluster:
    """Engines and services below `home`; `brokers` is 1 or 3."""

    def __init__(self, home: Path, config_dir: Path, proxy: Proxy, *, nodes: int, tell: Callable[[str], None]) -> None:
        self.home, self.config_dir, self.proxy = home, config_dir, proxy
        self.instances: dict[str, Instance] = {}
        self._scope = engines.DATABASE
        self.postgres = servers.postgres(home)
        self.brokers: Brokers = brokers(home, nodes, proxy)
        self.supervisor = Supervisor(SystemClock(), changed=lambda: None, tell=tell)
        self._held: dict[str, asyncio.Event] = {}
        self._serials = {service: count(1) for service in ServiceName}
        own = iter(ports.choose(PORTS * len(ServiceName)))
        self._ports = {service: [next(own) for _ in range(PORTS)] for service in ServiceName}
        self._http = httpx.AsyncClient(timeout=2.0, trust_env=False)
        for service in ServiceName:
            proxy.link(f"{service} {POSTGRES}", self.postgres.port)

    @property
    def database_url(self) -> str:
        """The round's database, past the proxy, as the superuser."""
        return self.postgres.url(self._scope)

    @property
    def kafka(self) -> KafkaSettings:
        """Past the proxy."""
        return KafkaSettings(
            bootstrap=self.brokers.direct, replication=self.brokers.replication, topic_prefix=f"{self._scope}."
        )

    @property
    def _template_url(self) -> str:
        return self.postgres.url("postgres")

    async def start(self) -> None:
        """Both engines, ready, with a database of all schemas to be cloned."""
        await asyncio.gather(self._start_postgres(), self._start_kafka())

    async def stop(self) -> None:
        """Everything, the engines last."""
        self.release(*list(self._held))
        await self.supervisor.stop(list(self.instances), self.nodes, [POSTGRES])
        await self._http.aclose()

    async def begin(self, name: str) -> None:
        """A fresh database and fresh topics called `name`; no service yet."""
        self._scope = name
        await servers.run_sql(self._template_url, f'CREATE DATABASE "{name}" TEMPLATE {engines.DATABASE}')
        await topics.apply(self.kafka)

    async def populate(self, instances: Mapping[ServiceName, int]) -> None:
        """So many instances of each service, ready."""
        await asyncio.gather(*(self.add(service) for service, number in instances.items() for _ in range(number)))
        await self.until_ready()

    async def end(self) -> None:
        """End the services as hard as may be; database and topics go with them."""
        for instance in list(self.instances.values()):
            self.supervisor.members[instance.name].stop_signal = signal.SIGKILL
        await asyncio.gather(*(self.remove(instance) for instance in list(self.instances.values())))
        await servers.run_sql(self._template_url, f'DROP DATABASE IF EXISTS "{self._scope}" WITH (FORCE)')
        admin = kafka.admin(self.kafka)
        await admin.start()
        try:
            await admin.delete_topics([kafka.topic_name(self.kafka, topic) for topic in Topic])
        finally:
            await admin.close()

    @property
    def nodes(self) -> list[str]:
        """The supervisor's names of the brokers."""
        return [kafka_member(number) for number in range(1, self.brokers.replication + 1)]

    def of(self, service: ServiceName) -> list[Instance]:
        """The instances of a service, the oldest first."""
        return [instance for instance in self.instances.values() if instance.service is service]

    def url(self, service: str) -> str:
        """The base of one instance of the service, the oldest."""
        return self.of(ServiceName(service))[0].url

    async def add(self, service: ServiceName) -> Instance:
        """One more instance, started and not waited for."""
        taken = {instance.port for instance in self.instances.values()}
        port = next(port for port in self._ports[service] if port not in taken and ports.is_free(port))
        instance = Instance(service, f"{service}.{next(self._serials[service])}", port)
        self.instances[instance.name] = instance
        await self._supervise(Member(instance.name, lambda: self._spawn(instance)))
        return instance

    async def remove(self, instance: Instance) -> None:
        """Stop it as an orchestrator does, and forget it."""
        del self.instances[instance.name]
        await self.supervisor.stop([instance.name])

    def process(self, name: str) -> "subprocess.Popen[bytes]":
        """The present process of a member."""
        process = self.supervisor.members[name].process
        assert process is not None
        return process

    def signal(self, number: signal.Signals, *names: str) -> None:
        """Signal members; PostgreSQL with all its children when it is frozen or thawed."""
        for name in names:
            process = self.process(name)
            if name == POSTGRES and number in (signal.SIGSTOP, signal.SIGCONT):
                for pid in children.left_in(self.postgres.data):
                    servers.send(pid, number)
            elif process.poll() is None:
                process.send_signal(number)

    def hold(self, *names: str) -> None:
        """What of these ends is not started again until it is released."""
        for name in names:
            self._held[name].clear()

    def release(self, *names: str) -> None:
        """Start it again."""
        for name in names:
            self._held[name].set()

    async def until_ready(self, *instances: Instance, within: float = READY_LIMIT) -> None:
        """Wait until each answers /readyz with 200; all by default."""
        wanted = instances or tuple(self.instances.values())
        await asyncio.gather(
            *(
                wait_until(lambda i=i: self.is_ready(i), within, what=f"{i.name} is ready", pause=0.05)  # type: ignore[misc]
                for i in wanted
            )
        )

    async def is_ready(self, instance: Instance) -> bool:
        """Whether it says so."""
        try:
            return (await self._http.get(f"{instance.url}/readyz")).status_code == 200
        except httpx.HTTPError:
            return False

    async def back(self, name: str) -> None:
        """Wait until an engine takes connections."""
        port = self.postgres.port if name == POSTGRES else self.brokers.nodes[int(name.split(".")[1]) - 1].port
        await wait_until(lambda: servers.accepts(port), READY_LIMIT, what=f"{name} is back", pause=0.02)

    def links(self, end: str, services: Iterable[ServiceName] = tuple(ServiceName)) -> list[str]:
        """The names of the links from these services to `kafka`, `postgres` or the `pager`."""
        if end == "pager":
            return ["notifier pager"]
        return [name for name in self.proxy.links for s in services if name.startswith(f"{s} {end}")]

    async def _supervise(self, member: Member) -> None:
        self._held[member.name] = gate = asyncio.Event()
        gate.set()
        member.start = _gated(gate, member.start)
        await self.supervisor.start(member)

    async def _start_postgres(self) -> None:
        member = engines.member_of(self.postgres)
        await self._supervise(member)
        await engines.make_schemas(self.postgres, member, SystemClock())

    async def _start_kafka(self) -> None:
        members = [engines.member_of(node) for node in self.brokers.nodes]
        for number, member in enumerate(members, 1):
            member.name = kafka_member(number)
        await asyncio.gather(*map(self._supervise, members))
        log = self.brokers.nodes[0].log
        await engines.patiently(lambda: topics.diff(self.kafka), members[0], log, SystemClock())

    async def _spawn(self, instance: Instance) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, **self._variables(instance), **instance.environment}
        argv = [sys.executable, "-m", "services.cli", "run", instance.service]
        log = self.home / "log" / f"{instance.name}.log"
        return children.spawn(children.Program(instance.name, argv, Path.cwd(), environment, log))

    def _variables(self, instance: Instance) -> dict[str, str]:
        database = self.database_url.replace(
            f":{self.postgres.port}/", f":{self.proxy.links[f'{instance.service} {POSTGRES}'].port}/"
        )
        return {
            "TOCSIN_DATABASE_URL": database,
            "TOCSIN_KAFKA_TOPIC_PREFIX": self.kafka.topic_prefix,
            "TOCSIN_KAFKA_BOOTSTRAP": self.brokers.bootstraps[instance.service],
            "TOCSIN_KAFKA_REPLICATION": str(self.brokers.replication),
            "TOCSIN_KAFKA_SESSION_TIMEOUT_MS": SESSION_TIMEOUT_MS,
            "TOCSIN_CONFIG_DIR": str(self.config_dir),
            "TOCSIN_HOST": LOOPBACK,
            "TOCSIN_PORT": str(instance.port),
            "TOCSIN_PUBLIC_URL": f"http://{LOOPBACK}:{self._ports[ServiceName.NOTIFIER][0]}",
            "TOCSIN_SECRET_KEY": "a secret of tests, thirty-two bytes long",
            "PAGER_SECRET": SECRET,
        }


def pager_through(proxy: Proxy, url: str) -> str:
    """The pager's address behind a link of its own."""
    parts = urlsplit(url)
    assert parts.port is not None
    return parts._replace(netloc=f"{LOOPBACK}:{proxy.link('notifier pager', parts.port).port}").geturl()


def _gated(
    gate: asyncio.Event, start: Callable[[], Awaitable["subprocess.Popen[bytes]"]]
) -> Callable[[], Awaitable["subprocess.Popen[bytes]"]]:
    async def started() -> "subprocess.Popen[bytes]":
        await gate.wait()
        return await start()

    return started
