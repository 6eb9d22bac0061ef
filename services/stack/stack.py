"""One embedded stack: its members from nothing to ready and back, and what `stack.json` says of them."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

import httpx

from services.stack import engines
from services.stack.environment import Addresses, caller_environment
from services.stack.faults import StackFault
from services.stack.kafka import Kafka
from services.stack.members import DEMO, RECEIVER, Members
from services.stack.plan import Plan, require_ports
from services.stack.ports import LOOPBACK
from services.stack.progress import Report
from services.stack.state import DataDirectory
from services.stack.supervisor import Member, Supervisor
from shared.clock import Clock
from shared.contracts.scalars import format_instant
from shared.contracts.vocabulary import ServiceName
from shared.errors import Transient

KAFKA, POSTGRES = "kafka", "postgres"


class Stack:
    """Starts in the order that the parts need each other in, and stops in the reverse."""

    def __init__(self, plan: Plan, directory: DataDirectory, report: Report, clock: Clock) -> None:
        self._plan = plan
        self._directory = directory
        self._report = report
        self._clock = clock
        self._kept = directory.kept()
        self._postgres = engines.postgres_of(directory, self._kept)
        self._addresses = Addresses(
            base_port=plan.base_port,
            kafka=f"{LOOPBACK}:{self._kept.kafka_port}",
            database_url=self._postgres.url(engines.DATABASE),
        )
        self._make = Members(directory, self._kept, self._addresses, plan.config_dir)
        self._ready_at: datetime | None = None
        self.supervisor = Supervisor(clock, changed=self._publish, tell=report.line)

    async def start(self) -> None:
        """Everything up to the ready line, then the demo; raises `StackFault`."""
        await asyncio.to_thread(engines.end_former, self._postgres, self._directory)
        await asyncio.to_thread(require_ports, self._plan.base_port, self._kept, self._directory)
        principals = self._plan.configuration.access.principals
        self._directory.write_keys((principal.id, principal.kind) for principal in principals)
        await _together(self._start_postgres(), self._start_kafka())
        await self._start_services()
        self._ready_at = self._clock.now()
        self._publish()
        self._report.close()
        self._report.line(self._ready_line())
        if self._plan.demo:
            await self._add(self._make.demo())

    async def stop(self) -> None:
        """Stop what was started, the engines last."""
        await self.supervisor.stop([DEMO], [*ServiceName], [RECEIVER], [KAFKA], [POSTGRES])

    async def _start_postgres(self) -> None:
        step = self._report.step("PostgreSQL 18")
        member = await self._add(engines.member_of(self._postgres))
        await engines.make_schemas(self._postgres, member, self._clock)
        step.done("with its schemas")

    async def _start_kafka(self) -> None:
        step = self._report.step("Apache Kafka 4.3.1")
        paths = await engines.fetch_jars(self._directory, step)
        broker: Kafka = engines.kafka_of(self._directory, self._kept, paths)
        member = await self._add(engines.member_of(broker))
        await engines.make_topics(broker, member, self._clock)
        step.done("with its topics")

    async def _start_services(self) -> None:
        if self._plan.needs_receiver(caller_environment()):
            await self._add(self._make.receiver())
        await _together(*(self._start_service(name) for name in ServiceName))

    async def _start_service(self, name: ServiceName) -> None:
        step = self._report.step(name)
        member = await self._add(self._make.service(name))
        url = f"{self._addresses.url(name)}/readyz"
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            await engines.patiently(lambda: _ask(client, url), member, self._directory.log(name), self._clock)
        step.done(self._addresses.url(name))

    async def _add(self, member: Member) -> Member:
        await self.supervisor.start(member)
        return member

    def _publish(self) -> None:
        """Write `stack.json`, once there is a ready stack to tell of."""
        if self._ready_at is not None:
            self._directory.publish(self._description(self._ready_at))

    def _description(self, ready_at: datetime) -> dict[str, Any]:
        members = self.supervisor.members
        described: dict[str, Any] = {
            "ready_at": format_instant(ready_at),
            "token_file": str(self._directory.token_file),
            "services": {n.value: {"url": self._addresses.url(n), "pid": members[n].pid} for n in ServiceName},
            "kafka": {"bootstrap": self._addresses.kafka, "pid": members[KAFKA].pid},
            "postgres": {"url": self._addresses.database_url, "pid": members[POSTGRES].pid},
        }
        if RECEIVER in members:
            described["receiver"] = {"url": self._make.receiver_url, "pid": members[RECEIVER].pid}
        return described

    def _ready_line(self) -> str:
        urls = " · ".join(f"{name} {self._addresses.url(name)}" for name in ServiceName)
        return f"tocsin is ready · {urls} · token in {self._directory.token_file}"


async def _ask(client: httpx.AsyncClient, url: str) -> None:
    """Raise `Transient` unless the service is ready."""
    try:
        answer = await client.get(url)
    except httpx.HTTPError as error:
        raise Transient(f"{url}: {type(error).__name__}") from None
    if not answer.is_success:
        raise Transient(f"{url} answers {answer.status_code}: {answer.text[:200]}")


async def _together(*work: Coroutine[Any, Any, None]) -> None:
    """Do all at once; the first fault ends the others and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for coroutine in work:
                group.create_task(coroutine)
    except ExceptionGroup as faults:
        raise next((f for f in faults.exceptions if isinstance(f, StackFault)), faults.exceptions[0]) from None
