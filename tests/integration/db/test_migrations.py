"""Migrations: each schema has its history, all change together, and a current database costs one look."""

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest

from shared.db import Database
from shared.db.migrations import newest, require_current, run_migrations
from shared.errors import Transient
from tests.conftest import OpenDatabase
from tests.support.engines import Engines, cloned_database

ENV = "from shared.db.migration_env import migrate\n\nmigrate()\n"
VERSION = """
from alembic import op
from shared.db.tables import shared_tables

revision = "{revision}"
down_revision = {before}


def upgrade():
    {upgrade}
"""


def history(home: Path, *upgrades: str) -> Path:
    """A folder as `services/<name>/migrations`, with one version for each statement."""
    (home / "versions").mkdir(parents=True, exist_ok=True)
    (home / "env.py").write_text(ENV)
    for number, upgrade in enumerate(upgrades, start=1):
        before = repr(f"{number - 1:04}") if number > 1 else None
        text = VERSION.format(revision=f"{number:04}", before=before, upgrade=upgrade)
        (home / "versions" / f"{number:04}_step.py").write_text(text)
    return home


@pytest.fixture
async def empty_url(engines: Engines) -> str:
    async with cloned_database(engines, "template0") as url:
        yield url


async def tables(url: str, schema: str) -> set[str]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
    await connection.close()
    return {row["tablename"] for row in rows}


async def test_each_service_gets_its_own_schema(empty_url: str, tmp_path: Path) -> None:
    histories = {
        "intake": history(tmp_path / "a", "shared_tables(op)", 'op.execute("CREATE TABLE report (id int)")'),
        "router": history(tmp_path / "b", "shared_tables(op)"),
    }
    assert await run_migrations(empty_url, histories) == ["intake", "router"]
    shared = {"outbox", "consumer_position", "consumed", "dead_letter", "parked_event", "lease", "idempotency_key"}
    assert await tables(empty_url, "intake") == shared | {"report", "alembic_version"}
    assert await tables(empty_url, "router") == shared | {"alembic_version"}


async def test_a_current_database_is_left_alone_without_loading_alembic(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    histories = {"intake": history(tmp_path, "shared_tables(op)")}
    await run_migrations(empty_url, histories)
    monkeypatch.setitem(sys.modules, "alembic.command", None)
    assert await run_migrations(empty_url, histories) == []


async def test_two_at_once_do_not_fail_each_other(empty_url: str, tmp_path: Path) -> None:
    histories = {"intake": history(tmp_path, "shared_tables(op)")}
    await asyncio.gather(run_migrations(empty_url, histories), run_migrations(empty_url, histories))
    assert "outbox" in await tables(empty_url, "intake")


async def test_when_one_step_fails_nothing_has_changed(empty_url: str, tmp_path: Path) -> None:
    histories = {
        "intake": history(tmp_path / "a", "shared_tables(op)"),
        "router": history(tmp_path / "b", 'op.execute("SELECT 1 / 0")'),
    }
    with pytest.raises(Exception, match="division by zero"):
        await run_migrations(empty_url, histories)
    assert await tables(empty_url, "intake") == set()


async def test_a_service_waits_for_its_schema_and_minds_no_newer_one(
    bare: OpenDatabase, bare_url: str, tmp_path: Path
) -> None:
    old, new = history(tmp_path / "old", "pass"), history(tmp_path / "new", "pass", "pass")
    db: Database = await bare("router")
    with pytest.raises(Transient, match="tocsin migrate"):
        await require_current(db, old)
    await run_migrations(bare_url, {"router": new})
    await require_current(db, old)
    await require_current(db, new)


def test_the_newest_version_is_told_by_the_file_names(tmp_path: Path) -> None:
    assert newest(tmp_path) == ""
    assert newest(history(tmp_path, "pass", "pass", "pass")) == "0003"
