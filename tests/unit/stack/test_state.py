"""The data directory: who may use it, what is kept in it, and what is told to others."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from services.stack.faults import StackFault
from services.stack.state import FORMAT, DataDirectory, holder, running_stack, write_private
from shared.config.loading import load_development_access
from shared.contracts.vocabulary import PrincipalKind, Scope

HOLD = """
import sys
from pathlib import Path
from services.stack.state import DataDirectory
directory = DataDirectory.open(Path(sys.argv[1]))
directory.publish({"held": True})
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_stack_on(path: Path) -> Iterator[int]:
    """Another process that has the directory open; its id."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.kill()


def test_a_second_stack_on_one_directory_is_refused_and_told_which_process_has_it(tmp_path: Path) -> None:
    with another_stack_on(tmp_path) as pid, pytest.raises(StackFault, match=r"process \d+.*--data-dir") as refused:
        DataDirectory.open(tmp_path)
    assert str(pid) in str(refused.value)
    DataDirectory.open(tmp_path).close()


def test_stack_json_counts_only_while_the_lock_is_held(tmp_path: Path) -> None:
    with another_stack_on(tmp_path) as pid:
        assert holder(tmp_path) == pid
        assert running_stack(tmp_path) == {"held": True}
    assert (tmp_path / "stack.json").exists()
    assert running_stack(tmp_path) is None


def test_no_stack_runs_where_there_is_no_directory(tmp_path: Path) -> None:
    assert running_stack(tmp_path / "nowhere") is None


def test_a_start_takes_the_former_stack_json_away(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text("{}")
    directory = DataDirectory.open(tmp_path)
    assert not (tmp_path / "stack.json").exists()
    directory.close()


def test_a_directory_of_a_newer_version_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "format").write_text(str(FORMAT + 1))
    with pytest.raises(StackFault, match=r"newer Tocsin \(format 2, this one knows 1\)\n.*--data-dir"):
        DataDirectory.open(tmp_path)


def test_ports_and_secrets_are_chosen_once(tmp_path: Path) -> None:
    directory = DataDirectory.open(tmp_path)
    first = directory.kept()
    assert directory.kept() == first
    assert len(first.engine_ports) == 4
    directory.close()


def test_secrets_are_for_the_owner_alone(tmp_path: Path) -> None:
    directory = DataDirectory.open(tmp_path)
    directory.kept()
    directory.write_keys([("ana", PrincipalKind.PERSON)])
    directory.publish({})
    for name in ("kept.json", "token", "demo-keys.json", "access-dev.yaml", "stack.json"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600, name
    directory.close()


def test_the_developer_may_do_everything_and_every_principal_has_a_key(tmp_path: Path) -> None:
    directory = DataDirectory.open(tmp_path)
    directory.write_keys([("ana", PrincipalKind.PERSON), ("report-tool", PrincipalKind.SOURCE)])
    directory.close()

    access = {principal.id: principal for principal in load_development_access(tmp_path / "access-dev.yaml").principals}
    keys = orjson.loads((tmp_path / "demo-keys.json").read_bytes())
    assert access["developer"].scopes == (Scope.ADMIN,)
    assert access["developer"].key_sha256 == (_digest((tmp_path / "token").read_text().strip()),)
    assert access["ana"].key_sha256 == (_digest(keys["ana"]),)
    assert access["ana"].scopes == ()
    assert access["report-tool"].kind is PrincipalKind.SOURCE


def test_keys_are_the_same_at_every_start(tmp_path: Path) -> None:
    directory = DataDirectory.open(tmp_path)
    directory.write_keys([("ana", PrincipalKind.PERSON)])
    before = ((tmp_path / "token").read_text(), (tmp_path / "demo-keys.json").read_text())
    directory.write_keys([("ana", PrincipalKind.PERSON)])
    assert ((tmp_path / "token").read_text(), (tmp_path / "demo-keys.json").read_text()) == before
    directory.close()


def test_a_private_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    write_private(tmp_path / "file", b"old")
    with (tmp_path / "file").open("rb") as reader:
        write_private(tmp_path / "file", b"new")
        assert reader.read() == b"old"
    assert (tmp_path / "file").read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
