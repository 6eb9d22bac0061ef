"""Version N and N+1 side by side: the schemas grow under running services, and instances of both kinds serve.

What a later version may do to a schema is done to every table at once; the instances that run already stand for
version N, those that start afterwards for any version that works on schemas newer than its own.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from shared.settings import KafkaSettings
from tests.support.caller import Caller
from tests.support.config_dir import configuration, write
from tests.support.engines import apart
from tests.support.installation import SERVICES, Installation
from tests.support.pager import Pager, running_pager
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(180)

TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY ($1) AND tablename <> 'alembic_version'"


@pytest.fixture
def pager() -> Iterator[Pager]:
    with running_pager() as double:
        yield double


@pytest.fixture
def versions(
    database_url: str, kafka_settings: KafkaSettings, tmp_path: Path, pager: Pager
) -> Iterator[tuple[Installation, Installation]]:
    """Two instances of every service on one database and the same topics; nothing runs yet."""
    config = write(tmp_path / "config", configuration(pager_url=pager.url))
    made = []
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        made.append(Installation(database_url, kafka_settings, config, tmp_path / name))
    yield made[0], made[1]
    for installation in made:
        installation.stop()


async def expand(url: str) -> int:
    """Give every table a column that may be null and one with a default, and each schema a further table."""
    connection = await asyncpg.connect(url)
    found = await connection.fetch(TABLES, list(SERVICES))
    for row in found:
        table = f'{row["schemaname"]}."{row["tablename"]}"'
        await connection.execute(f"ALTER TABLE {table} ADD COLUMN of_later text")
        await connection.execute(f"ALTER TABLE {table} ADD COLUMN of_later_counted integer NOT NULL DEFAULT 1")
        await connection.execute(f"CREATE INDEX ON {table} (of_later)")
    for schema in SERVICES:
        await connection.execute(f"CREATE TABLE {schema}.of_later (id uuid PRIMARY KEY)")
        await connection.execute(f"UPDATE {schema}.alembic_version SET version_num = '9999'")
    await connection.close()
    return len(found)


def breaching_soon() -> dict[str, str]:
    received = datetime.now(UTC) - timedelta(minutes=5) + timedelta(seconds=1)
    return {"severity": "critical", "received_at": received.isoformat()}


def a_case_goes_all_its_way(caller: Caller, ana: Caller, lead: Caller, pager: Pager) -> None:
    """Taken, offered, clocked, breached, paged, worked on and resolved through the instances of one caller."""
    case = caller.escalate(**breaching_soon())
    lead.wait_items("router", "/v1/assignments", bool, case_id=case)
    pager.wait_for(case_id=case, type="page.triggered")
    page = lead.pages(case)[0]["page_id"]
    assert lead.post("notifier", f"/v1/pages/{page}/acknowledge").status_code == 200
    ana.command(case, "acknowledge")
    ana.command(case, "act", action="remove", scope="global", reason="a threat")
    ana.command(case, "note", text="done", visibility="internal")
    ana.command(case, "resolve", outcome="violation", summary="removed")
    pager.wait_for(case_id=case, type="page.resolved")
    wait_for(lambda: "page.resolved" in lead.timeline(case), what="the whole timeline")


def test_schemas_grow_under_running_services_and_both_versions_serve(
    versions: tuple[Installation, Installation], pager: Pager
) -> None:
    before, after = versions
    before.start()
    before.wait_ready()
    old = [Caller(before.url, name) for name in ("report-tool", "ana", "lead")]
    new = [Caller(after.url, name) for name in ("report-tool", "ana", "lead")]
    a_case_goes_all_its_way(*old, pager)
    assert apart(expand(before.database_url)) > 30
    a_case_goes_all_its_way(*old, pager)

    after.start()
    after.wait_ready()
    a_case_goes_all_its_way(*new, pager)
    a_case_goes_all_its_way(old[0], new[1], old[2], pager)
    for service in SERVICES:
        assert httpx.get(f"{before.url(service)}/readyz").status_code == 200

    before.stop()
    after.wait_ready()
    a_case_goes_all_its_way(*new, pager)
    assert dead_letters(after.database_url) == 0
    for caller in (*old, *new):
        caller.close()


def dead_letters(url: str) -> int:
    async def count() -> int:
        connection = await asyncpg.connect(url)
        found = [await connection.fetchval(f"SELECT count(*) FROM {name}.dead_letter") for name in SERVICES]
        await connection.close()
        return sum(found)

    return apart(count())
