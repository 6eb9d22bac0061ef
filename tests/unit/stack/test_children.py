"""Children die with their parent, whatever ends it; what an earlier parent left is found and ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from services.stack import children
from services.stack.children import Program, spawn
from tests.support.waiting import wait_for

PARENT = """
import os, sys, time
from pathlib import Path
from services.stack.children import Program, spawn
child = spawn(Program("child", ["sleep", "60"], Path(sys.argv[1]), os.environ, None))
print(child.pid, flush=True)
time.sleep(60)
"""


def running(pid: int) -> bool:
    """Whether the process lives (one that only waits to be reaped does not)."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_a_child_dies_when_its_parent_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, tmp_path], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert running(child)
        parent.kill()
    wait_for(lambda: not running(child), what="the child is gone")


def test_a_frozen_child_dies_too(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, tmp_path], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, signal.SIGSTOP)
        parent.kill()
    wait_for(lambda: not running(child), what="the child is gone")


def sleeper(folder: Path, log: Path | None = None) -> "subprocess.Popen[bytes]":
    return spawn(Program("sleeper", ["sleep", "60"], folder, os.environ, log))


def test_processes_left_in_a_directory_are_found_and_ended(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    left, other = sleeper(tmp_path), sleeper(elsewhere)
    assert children.left_in(tmp_path) == [left.pid]
    assert children.end_left_in(tmp_path, signal.SIGTERM, limit=5) == []
    assert left.wait() == -signal.SIGTERM
    assert other.poll() is None
    children.stop(other, signal.SIGKILL, limit=5)


def test_those_that_do_not_end_are_told(tmp_path: Path) -> None:
    left = sleeper(tmp_path)
    assert children.end_left_in(tmp_path, signal.SIGCONT, limit=0.1) == [left.pid]
    children.stop(left, signal.SIGKILL, limit=5)


def test_output_goes_to_the_log_and_a_long_log_is_set_aside(tmp_path: Path) -> None:
    log = tmp_path / "log" / "echo.log"
    log.parent.mkdir()
    log.write_bytes(b"x" * (children.LOG_LIMIT + 1))
    echo = spawn(Program("echo", ["echo", "hello"], tmp_path, os.environ, log))
    assert echo.wait() == 0
    assert log.read_text() == "hello\n"
    assert (tmp_path / "log" / "echo.1.log").stat().st_size == children.LOG_LIMIT + 1
