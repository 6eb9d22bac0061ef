"""An own PostgreSQL: made, stopped, killed, recovered."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from services.stack import children, ports, postgres_home
from services.stack.children import left_in
from services.stack.faults import StackFault
from services.stack.postgres import Postgres
from tests.support.waiting import wait_until

START_AND_WAIT = """
import sys, time
from pathlib import Path
from services.stack import postgres_home
from services.stack.postgres import Postgres
account = postgres_home.account()
home, port = Path(sys.argv[1]), int(sys.argv[2])
server = Postgres(home, port, "secret", postgres_home.programs(account), account, home / "postgres.log")
server.prepare()
print(server.spawn().pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def server(tmp_path: Path) -> Postgres:
    account = postgres_home.account()
    return Postgres(
        home=tmp_path / "home",
        port=ports.choose(1)[0],
        password="secret",
        programs=postgres_home.programs(account),
        account=account,
        log=tmp_path / "postgres.log",
    )


@contextmanager
def running(server: Postgres) -> Iterator["subprocess.Popen[bytes]"]:
    server.prepare()
    process = server.spawn()
    try:
        yield process
    finally:
        children.stop(process, signal.SIGINT, limit=20)


async def connect(server: Postgres) -> "asyncpg.Connection":
    async def attempt() -> "asyncpg.Connection | None":
        try:
            return await asyncpg.connect(server.url("postgres"))
        except (OSError, asyncpg.CannotConnectNowError):
            return None

    connection = await wait_until(attempt, what="PostgreSQL answers")
    assert connection is not None
    return connection


async def write(server: Postgres) -> None:
    connection = await connect(server)
    await connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    await connection.close()


async def read(server: Postgres) -> int:
    connection = await connect(server)
    found = await connection.fetchval("SELECT one FROM kept")
    await connection.close()
    return int(found)


async def test_it_is_version_18_asks_for_a_password_and_folds_the_case_of_every_script(server: Postgres) -> None:
    with running(server):
        connection = await connect(server)
        assert (await connection.fetchval("SHOW server_version")).startswith("18.")
        assert await connection.fetchval("SELECT lower('ÉЖ')") == "éж"
        await connection.close()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url("postgres").replace("secret", "guess"))


async def test_it_stops_cleanly_and_finds_its_data_again(server: Postgres) -> None:
    with running(server) as process:
        await write(server)
    assert process.returncode == 0
    with running(server):
        assert await read(server) == 1


async def test_after_a_kill_it_recovers_what_was_committed(server: Postgres) -> None:
    with running(server) as process:
        await write(server)
        process.kill()
        process.wait()
    with running(server):
        assert await read(server) == 1


@contextmanager
def killed_parent_of(server: Postgres) -> Iterator[int]:
    """The id of a server whose parent is killed at the end of the block."""
    command = [sys.executable, "-c", START_AND_WAIT, str(server.home), str(server.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        try:
            yield int(parent.stdout.readline())
        finally:
            parent.kill()


async def test_it_dies_with_its_parent_and_the_next_start_waits_for_its_shutdown(server: Postgres) -> None:
    with killed_parent_of(server) as pid:
        await write(server)
        assert pid in left_in(server.data)
    with running(server):
        assert await read(server) == 1
    assert "database system is shut down" in (server.home / "postgres.log").read_text()


async def test_a_frozen_server_of_an_earlier_start_is_ended(server: Postgres) -> None:
    with killed_parent_of(server) as pid:
        await write(server)
        os.kill(pid, signal.SIGSTOP)
    with running(server):
        assert await read(server) == 1


async def test_the_pid_file_of_a_dead_server_whose_id_is_taken_again_does_no_harm(server: Postgres) -> None:
    with running(server):
        await write(server)
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n0\n{server.port}\n\n127.0.0.1\n0 0\n")
    with running(server):
        assert await read(server) == 1


def test_a_half_made_directory_is_made_anew(server: Postgres) -> None:
    (server.home / "data.new").mkdir(parents=True)
    (server.home / "data.new" / "PG_VERSION").write_text("18")
    server.prepare()
    assert (server.data / "global" / "pg_control").exists()
    assert not (server.home / "data.new").exists()


def test_a_directory_of_another_user_is_refused(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    server.prepare()
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    stranger = Postgres(server.home, server.port, "secret", server.programs, None, server.log)
    with pytest.raises(StackFault, match="belongs to another user"):
        stranger.prepare()


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that everyone can walk to (pytest's own are closed)."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_whoever_runs_it_can_reach_its_programs_also_behind_a_closed_directory(
    tmp_path: Path, open_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = postgres_home.account()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for part in postgres_home.NEEDED:
        shutil.copytree(postgres_home._site() / part, closed / part, symlinks=True)
    monkeypatch.setattr(postgres_home, "_site", lambda: closed)
    monkeypatch.setattr(postgres_home, "SHARED_PLACES", (open_place,))

    programs = postgres_home.programs(who)
    version: list[str | Path] = [programs / "postgres", "--version"]
    done = subprocess.run(version, capture_output=True, text=True, cwd="/", check=True, **children.identity(who))
    assert "(PostgreSQL) 18" in done.stdout
    assert (closed in programs.parents) == (who is None)
    assert postgres_home.programs(who) == programs
