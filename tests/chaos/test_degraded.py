"""PostgreSQL or Kafka is away for a while: what goes on, what is refused, and that all resumes by itself.

One running set of services on engines of this module's own; no service is ever started again.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from shared.bus import topics
from shared.settings import KafkaSettings
from tests.support.caller import Caller, escalation
from tests.support.config_dir import configuration, write
from tests.support.engines import Engines, apart, await_ready, migrated_template
from tests.support.installation import SERVICES, Installation
from tests.support.killable import Engine, killable_kafka, killable_postgres
from tests.support.pager import Pager, running_pager
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(300)

LIMIT = 40
"""Rows that intake's outbox may hold here."""

MOST = 20_000
"""Escalations after which the bound would have to be reached, however late the look at it."""


@dataclass
class Ground:
    """The services at work on engines that can be killed and frozen."""

    installation: Installation
    postgres: Engine
    kafka: Engine
    database_url: str
    pager: Pager
    tool: Caller
    lead: Caller

    def status(self, service: str, path: str) -> int:
        """The answer's status; a service that does not answer within five seconds fails the test."""
        return httpx.get(self.installation.url(service) + path, timeout=5).status_code

    def await_unready(self, service: str) -> None:
        """Wait until the service says that it is not ready."""
        wait_for(lambda: self.status(service, "/readyz") == 503, what=f"{service} is not ready")

    def post(self, **fields: Any) -> httpx.Response:
        return self.tool.post("intake", "/v1/escalations", escalation(**fields))

    def checks(self, service: str) -> dict[str, dict[str, Any]]:
        answer = httpx.get(self.installation.url(service) + "/readyz", timeout=5).json()
        return dict(answer["checks"])

    def count(self, table: str) -> int:
        """Rows of one of intake's tables."""

        async def ask() -> int:
            connection = await asyncpg.connect(self.database_url)
            try:
                return int(await connection.fetchval(f"SELECT count(*) FROM intake.{table}"))
            finally:
                await connection.close()

        return apart(ask())

    def all_well(self) -> None:
        """Everybody is ready again, in the process of before, and a case reaches its specialist."""
        self.installation.wait_ready()
        case_id = self.tool.escalate(language="es", severity="low")
        self.lead.wait_items("router", "/v1/assignments", lambda items: len(items) == 1, case_id=case_id)
        assert {p.poll() for p in self.installation.processes.values()} == {None}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    home = tmp_path_factory.mktemp("degraded")
    files = configuration(pager_url="")
    files["sla"]["internal"]["resolve"]["critical"] = "PT15S"
    for person in files["roster"]["specialists"]:
        person["capacity"] = 1000
    with ExitStack() as stack:
        postgres, url = stack.enter_context(killable_postgres(home))
        broker, bootstrap = stack.enter_context(killable_kafka(home / "kafka"))
        apart(await_ready(url, bootstrap))
        pager = stack.enter_context(running_pager())
        files["channels"]["channels"][0]["url"] = pager.url
        database = stack.enter_context(migrated_template(Engines(url, bootstrap)))
        settings = KafkaSettings(bootstrap=bootstrap, replication=1)
        apart(topics.apply(settings))
        database_url = Engines(url, bootstrap).database_url(database)
        installation = Installation(database_url, settings, write(home / "config", files), home)
        installation.environment["TOCSIN_OUTBOX_LIMIT"] = str(LIMIT)
        stack.callback(installation.stop)
        installation.start()
        callers = [Caller(installation.url, name) for name in ("report-tool", "lead")]
        for caller in callers:
            stack.callback(caller.close)
        installation.wait_ready()
        yield Ground(installation, postgres, broker, database_url, pager, *callers)


def test_a_frozen_postgresql_is_noticed_and_nobody_waits_for_it(ground: Ground) -> None:
    ground.all_well()
    ground.postgres.freeze()
    try:
        wait_for(lambda: ground.post().status_code == 503, what="the first refusal")
        wait_for(lambda: not ground.checks("intake")["postgresql"]["ok"], what="the watch notices")

        refused = [ground.post() for _ in range(20)]
        assert {answer.status_code for answer in refused} == {503}
        assert max(answer.elapsed for answer in refused) < timedelta(seconds=5), "a statement's time-out is ten"
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        for service in SERVICES:
            ground.await_unready(service)
            assert ground.status(service, "/livez") == 200
    finally:
        ground.postgres.thaw()

    ground.all_well()


def test_a_killed_postgresql_is_refused_at_once_and_all_goes_on_when_it_is_back(ground: Ground) -> None:
    ground.postgres.kill()
    answer = ground.post()
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    for service in SERVICES:
        ground.await_unready(service)
        assert ground.status(service, "/livez") == 200

    ground.postgres.start()

    ground.all_well()


def test_without_kafka_intake_accepts_up_to_its_bound_and_every_breach_pages_afterwards(ground: Ground) -> None:
    breaching = ground.tool.escalate(severity="critical", language="es")
    declined = ground.tool.escalate(severity="low", language="en")
    wait_for(lambda: ground.lead.assignments(declined), what="an offer")
    wait_for(lambda: "resolve" in ground.lead.clocks(breaching), what="the clock runs")
    ground.kafka.kill()
    _router_goes_on(ground, declined)

    accepted = _fill(ground)
    cases = ground.count("cases")
    assert len(accepted) >= LIMIT - 1
    _refuses_everything(ground, breaching)
    assert ground.count("cases") == cases, "nothing is stored of what was refused"
    assert ground.count("outbox") >= LIMIT

    wait_for(lambda: ground.lead.clocks(breaching)["resolve"]["state"] == "breached", 90, what="the breach")
    assert ground.lead.clocks(breaching)["resolve"]["evidence"] == "lagging"
    wait_for(lambda: _platform(ground.pager), 120, what="the platform page")
    for service in SERVICES:
        assert ground.status(service, "/livez") == 200

    ground.kafka.start()

    ground.all_well()
    wait_for(lambda: ground.count("outbox") == 0, what="the outbox is drained")
    ground.pager.wait_for(1, within=60, case_id=breaching, type="page.triggered")
    assert len(ground.pager.ids(case_id=breaching, type="page.triggered")) == 1
    for case_id in (accepted[0], accepted[-1]):
        ground.lead.wait_items("router", "/v1/assignments", lambda items: len(items) == 1, case_id=case_id)


def _router_goes_on(ground: Ground, case_id: str) -> None:
    """An offer is declined, and the next one is made without Kafka."""
    (offer,) = ground.lead.assignments(case_id)
    ground.lead.post("router", f"/v1/assignments/{offer['assignment_id']}/decline", {"reason": "away"})
    live = ground.lead.wait_items(
        "router", "/v1/assignments", lambda items: len(items) == 1, case_id=case_id, state="offered"
    )
    assert live[0]["specialist"] != offer["specialist"]


def _fill(ground: Ground) -> list[str]:
    """Escalate until it is refused; the ids of the cases that were accepted."""
    accepted: list[str] = []
    for _ in range(MOST):
        answer = ground.post(severity="low", language="es")
        if answer.status_code == 503:
            return accepted
        assert answer.status_code == 202, answer.text
        accepted.append(answer.json()["case_id"])
    raise AssertionError(f"{MOST} escalations and no bound")


def _refuses_everything(ground: Ground, case_id: str) -> None:
    answer = ground.post()
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["type"] == "/problems/unavailable"
    batch = ground.tool.post("intake", "/v1/escalations/batch", {"items": [escalation(), escalation()]})
    assert [one["status"] for one in batch.json()["results"]] == [503, 503]
    before = ground.lead.get("intake", f"/v1/cases/{case_id}").json()
    note = ground.lead.post("intake", f"/v1/cases/{case_id}/note", {"text": "late", "visibility": "internal"})
    assert note.status_code == 503
    assert ground.lead.get("intake", f"/v1/cases/{case_id}").json() == before
    assert "full" in ground.checks("intake")["outbox"]["detail"]


def _platform(pager: Pager) -> bool:
    return any(reason["kind"] == "platform" for n in pager.taken(type="page.triggered") for reason in n.page["reasons"])
