"""Which database a command works on: the option, then the environment, then the running stack."""

import asyncio
import fcntl
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from services.commands import CommandFailed
from services.commands.database import actor, find_database, work_on
from services.stack import state


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_DATABASE_URL", raising=False)
    monkeypatch.delenv("TOCSIN_DATABASE_URL_FILE", raising=False)


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data directory whose stack runs."""
    (tmp_path / "stack.json").write_bytes(orjson.dumps({"postgres": {"url": "postgresql://stack/tocsin"}}))
    with (tmp_path / "lock").open("a+") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        monkeypatch.setattr(state, "holder", lambda _path: 1)  # a process does not see its own lock
        yield tmp_path


def test_the_option_goes_before_all(running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "postgresql://environment/tocsin")
    assert find_database("postgresql://option/tocsin", running) == "postgresql://option/tocsin"


def test_the_environment_goes_before_the_running_stack(running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "postgresql://environment/tocsin")
    assert find_database(None, running) == "postgresql://environment/tocsin"


def test_the_environment_may_name_a_file(running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (running / "url").write_text("postgresql://file/tocsin\n")
    monkeypatch.setenv("TOCSIN_DATABASE_URL_FILE", str(running / "url"))
    assert find_database(None, running) == "postgresql://file/tocsin"


def test_else_it_is_the_running_stack_s(running: Path) -> None:
    assert find_database(None, running) == "postgresql://stack/tocsin"


def test_without_any_two_lines_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as refused:
        find_database(None, tmp_path)
    assert len(str(refused.value).splitlines()) == 2
    assert "--database-url" in str(refused.value)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "cannot be used"),
        ("postgresql://x@127.0.0.1:port/x", "cannot be used"),
        ("postgresql://x@127.0.0.1:1/x", "See that PostgreSQL runs"),
    ],
)
def test_a_url_that_leads_nowhere_is_named(url: str, says: str) -> None:
    with pytest.raises(CommandFailed, match=says):
        work_on(url, lambda _databases: asyncio.sleep(0))


def test_an_act_is_in_the_name_that_was_given_or_the_user_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ana")
    assert actor("lead") == "lead"
    assert actor(None) == "ana"
