"""The drill of docs/how-to/backup.md: PostgreSQL is dumped under load, lost, restored, and everything goes on."""

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from services.stack import postgres_home
from services.stack.histories import histories
from shared.db.migrations import run_migrations
from shared.settings import KafkaSettings
from tests.support.caller import Caller, escalation
from tests.support.config_dir import configuration, write
from tests.support.engines import apart, own_postgres
from tests.support.installation import SERVICES, Installation
from tests.support.pager import Pager, running_pager
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(240)

ACKNOWLEDGE = timedelta(minutes=5)
RUNBOOK = "docs/runbooks/position-out-of-range.md"


def breaching_in(seconds: float) -> dict[str, str]:
    """A critical report whose acknowledge clock runs out so many seconds from now."""
    received = datetime.now(UTC) - ACKNOWLEDGE + timedelta(seconds=seconds)
    return {"severity": "critical", "received_at": received.isoformat()}


@dataclass
class Site:
    """An installation on a PostgreSQL of its own, which can be lost."""

    installation: Installation
    pager: Pager
    home: Path
    engine: ExitStack = field(default_factory=ExitStack)
    generation: int = 0

    def new_postgres(self) -> None:
        """An empty server with an empty database."""
        self.generation += 1
        self.engine = ExitStack()
        url = self.engine.enter_context(own_postgres(self.home / f"postgres-{self.generation}", durable=False))
        wait_for(lambda: apart(self._created(url)), what="PostgreSQL answers")
        self.installation.database_url = url.rsplit("/", 1)[0] + "/tocsin"

    def lose_postgres(self) -> None:
        """Server and data are gone."""
        self.engine.close()
        shutil.rmtree(self.home / f"postgres-{self.generation}")

    def program(self, name: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own programs."""
        path = postgres_home.programs(postgres_home.account()) / name
        subprocess.run([path, *arguments], check=True, capture_output=True, timeout=60)

    def tocsin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command against this database and these topics."""
        return subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments],
            env=self.installation.variables("intake"),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What the database says."""
        return apart(self._fetch(query))

    def count(self, query: str) -> int:
        """The sum of a count over all four schemas; `{schema}` stands for each."""
        return sum(self.rows(query.format(schema=schema))[0]["count"] for schema in SERVICES)

    async def _created(self, url: str) -> bool:
        try:
            connection = await asyncpg.connect(url)
        except (OSError, asyncpg.PostgresError):
            return False
        await connection.execute("CREATE DATABASE tocsin")
        await connection.close()
        return True

    async def _fetch(self, query: str) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(self.installation.database_url)
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()


class Load:
    """Posts escalations until it is stopped, and keeps what was taken: case id by external id."""

    def __init__(self, tool: Caller) -> None:
        self._tool = tool
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.taken: dict[str, str] = {}

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._ended.wait(0.02):
            body = escalation(severity="low")
            answer = self._tool.post("intake", "/v1/escalations", body)
            if answer.status_code == 202:
                self.taken[body["external_id"]] = answer.json()["case_id"]


@pytest.fixture
def site(kafka_settings: KafkaSettings, tmp_path: Path) -> Iterator[Site]:
    with running_pager() as pager:
        files = configuration(pager_url=pager.url)
        for specialist in files["roster"]["specialists"]:
            specialist["capacity"] = 1000
        config = write(tmp_path / "config", files)
        made = Site(Installation("", kafka_settings, config, tmp_path), pager, tmp_path)
        made.new_postgres()
        apart(run_migrations(made.installation.database_url, histories()))
        yield made
        made.installation.stop()
        made.engine.close()


@pytest.fixture
def tool(site: Site) -> Iterator[Caller]:
    caller = Caller(site.installation.url, "report-tool")
    yield caller
    caller.close()


@pytest.fixture
def lead(site: Site) -> Iterator[Caller]:
    caller = Caller(site.installation.url, "lead")
    yield caller
    caller.close()


def test_what_was_taken_after_the_dump_is_named_and_all_else_goes_on(site: Site, tool: Caller, lead: Caller) -> None:
    installation, pager = site.installation, site.pager
    dump = str(site.home / "tocsin.dump")
    installation.start()
    installation.wait_ready()
    resolved_later = tool.escalate()
    paged_before = tool.escalate(**breaching_in(1))
    pager.wait_for(case_id=paged_before, type="page.triggered")
    with Load(tool) as load:
        wait_for(lambda: len(load.taken) > 20, what="load")
        paged_after = tool.escalate(**breaching_in(5))
        wait_for(lambda: "acknowledge" in lead.clocks(paged_after), what="the clock that breaches after the dump")
        site.program("pg_dump", "--format=custom", f"--file={dump}", installation.database_url)
        lost = escalation(**breaching_in(2))
        load.taken[lost["external_id"]] = lost_case = tool.post("intake", "/v1/escalations", lost).json()["case_id"]
        lead.command(resolved_later, "resolve", outcome="violation", summary="done")
        pager.wait_for(case_id=paged_after, type="page.triggered")
        pager.wait_for(case_id=lost_case, type="page.triggered")
        wait_for(lambda: len(load.taken) > 100, what="load after the dump")
    assert "Stop all four services" in site.tocsin("republish").stderr
    for service in SERVICES:
        installation.kill(service)

    site.lose_postgres()
    site.new_postgres()
    site.program("pg_restore", "--dbname", installation.database_url, dump)

    there = {row["external_id"] for row in site.rows("SELECT external_id FROM intake.reports")}
    gone = set(load.taken) - there
    assert lost["external_id"] in gone
    dry = json.loads(site.tocsin("republish", "--json", "--dry-run").stdout)
    report = json.loads(site.tocsin("republish", "--json").stdout)
    assert {one["external_id"] for one in report["lost_reports"]} == gone
    assert set(report["lost_cases"]) == {load.taken[name] for name in gone}
    assert report["lost_changes"] == {resolved_later: ["tocsin.case.resolved"]}
    assert len(report["pages_of_lost_cases"]) == 1
    assert report["left_to_send"] == 0
    assert dry["lost_reports"] == report["lost_reports"]
    again = json.loads(site.tocsin("republish", "--json").stdout)
    assert again["lost_cases"] == []
    assert again["open_cases"] == report["open_cases"]

    installation.start()
    installation.wait_ready()
    assert_one_page_each(site, lead, [paged_before, paged_after])
    assert_everything_is_known_everywhere(site)
    reposted = tool.post("intake", "/v1/escalations", lost)
    assert reposted.status_code == 202
    assert reposted.json()["case_id"] != lost_case
    pager.wait_for(case_id=reposted.json()["case_id"], type="page.triggered")
    lead.wait_items("router", "/v1/assignments", bool, case_id=tool.escalate())
    lead.command(paged_after, "resolve", outcome="violation", summary="done")
    pager.wait_for(case_id=paged_after, type="page.resolved")
    assert_quiet(site)
    assert [len(pager.ids(case_id=case, type="page.triggered")) for case in (paged_before, paged_after)] == [1, 1]
    assert_refused_where_positions_do_not_fit(site)


def assert_one_page_each(site: Site, lead: Caller, cases: list[str]) -> None:
    """Each breach is told again by its clock, and paged once in all."""
    for case in cases:
        wait_for(lambda case=case: lead.clocks(case)["acknowledge"]["state"] == "breached", 45, what="the breach")
        wait_for(lambda case=case: "clock.breached" in lead.timeline(case), what="the breach at the end of its way")
        assert len(lead.pages(case)) == 1
        assert len(site.pager.ids(case_id=case)) == 1
        assert len(site.pager.taken(case_id=case)) == 1


def assert_everything_is_known_everywhere(site: Site) -> None:
    """Every open case is routed and clocked."""
    known = """
    SELECT count(*) FROM intake.cases i
     WHERE status <> 'resolved'
       AND NOT (EXISTS (SELECT FROM router.cases r WHERE r.case_id = i.case_id AND r.phase <> 'stub')
           AND EXISTS (SELECT FROM sla_monitor.clocks c WHERE c.case_id = i.case_id))
    """
    wait_for(lambda: site.rows(known)[0]["count"] == 0, what="every open case in router and sla_monitor")


def assert_quiet(site: Site) -> None:
    """Nothing is left to send, nothing is dead, nothing is missing."""
    wait_for(lambda: site.count("SELECT count(*) FROM {schema}.outbox") == 0, what="empty outboxes")
    assert site.count("SELECT count(*) FROM {schema}.dead_letter") == 0
    for service in SERVICES:
        lines = httpx.get(f"{site.installation.url(service)}/metrics").text.splitlines()
        gaps = [line for line in lines if line.startswith("tocsin_sequence_gaps_total{")]
        assert all(line.endswith(" 0.0") for line in gaps), gaps


def assert_refused_where_positions_do_not_fit(site: Site) -> None:
    """No service reads on from beyond the end of the log; each says where to read about it."""
    site.installation.stop()
    for service in SERVICES:
        site.rows(f"UPDATE {service}.consumer_position SET next_offset = next_offset + 1000000")
    site.installation.start()
    for service in SERVICES:
        wait_for(lambda service=service: RUNBOOK in readiness(site, service), 30, what=f"{service} refuses")
        assert site.installation.processes[service].poll() is None
    for process in site.installation.processes.values():
        process.send_signal(signal.SIGKILL)


def readiness(site: Site, service: str) -> str:
    """What /readyz says, nothing while nobody answers."""
    try:
        answer = httpx.get(f"{site.installation.url(service)}/readyz")
    except httpx.HTTPError:
        return ""
    return answer.text if answer.status_code == 503 else ""
