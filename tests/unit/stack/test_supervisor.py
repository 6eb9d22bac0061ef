"""The supervisor: what ends is started again, what is told to stop stops, in order."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.stack.children import Program, spawn
from services.stack.faults import StackFault
from services.stack.supervisor import LONGEST_PAUSE, Member, Supervisor, pause_after
from shared.clock import SystemClock
from tests.support.waiting import wait_until

SLEEP = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


class Watched:
    """A supervisor whose words and changes are kept."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.changes = 0
        self.supervisor = Supervisor(SystemClock(), changed=self._changed, tell=self.told.append)

    def _changed(self) -> None:
        self.changes += 1


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    watched = Watched()
    yield watched
    watched.supervisor.kill()
    processes = [member.process for member in watched.supervisor.members.values() if member.process]
    await wait_until(lambda: all(process.poll() is not None for process in processes))


def python(name: str, code: str, folder: Path, **options: float) -> Member:
    program = Program(name, [sys.executable, "-c", code], folder, os.environ, folder / f"{name}.log")

    async def start() -> "subprocess.Popen[bytes]":
        return spawn(program)

    return Member(name, start, **options)  # type: ignore[arg-type]


async def test_a_child_that_is_killed_is_started_again_and_its_new_pid_told(watched: Watched, tmp_path: Path) -> None:
    member = python("child", SLEEP, tmp_path)
    await watched.supervisor.start(member)
    before = member.pid
    os.kill(before, signal.SIGKILL)
    await wait_until(lambda: watched.changes == 1)
    assert member.pid != before
    assert watched.told == ["child ended (SIGKILL); starting it again"]


async def test_a_child_that_cannot_be_started_again_is_tried_until_it_can(watched: Watched, tmp_path: Path) -> None:
    member = python("child", SLEEP, tmp_path)
    good, attempts = member.start, 0

    async def sometimes() -> "subprocess.Popen[bytes]":
        nonlocal attempts
        attempts += 1
        if attempts == 2:
            raise StackFault("not yet")
        return await good()

    member.start = sometimes
    await watched.supervisor.start(member)
    os.kill(member.pid, signal.SIGKILL)
    await wait_until(lambda: watched.changes == 1)
    assert watched.told[-1] == "child cannot start: not yet"


async def test_the_first_start_raises_its_fault(watched: Watched, tmp_path: Path) -> None:
    member = python("child", SLEEP, tmp_path)

    async def never() -> "subprocess.Popen[bytes]":
        raise StackFault("there is no room")

    member.start = never
    with pytest.raises(StackFault, match="no room"):
        await watched.supervisor.start(member)


async def test_groups_stop_one_after_the_other_and_nothing_comes_back(watched: Watched, tmp_path: Path) -> None:
    members = [python(name, SLEEP, tmp_path) for name in ("first", "second", "last")]
    for member in members:
        await watched.supervisor.start(member)
    alive_at_the_second = asyncio.create_task(_pids_when_gone(members[0], members[2]))
    await watched.supervisor.stop(["first", "second"], ["last"])
    assert await alive_at_the_second
    assert [member.process and member.process.returncode for member in members] == [-signal.SIGTERM] * 3
    assert watched.told == []
    assert watched.changes == 0


async def _pids_when_gone(gone: Member, other: Member) -> bool:
    """Whether `other` still lived when `gone` had ended."""
    await wait_until(lambda: gone.process is not None and gone.process.poll() is not None, pause=0.001)
    return other.process is not None and other.process.poll() is None


async def test_a_child_that_does_not_stop_in_time_is_killed(watched: Watched, tmp_path: Path) -> None:
    member = python("child", DEAF, tmp_path, stop_limit=0.2)
    await watched.supervisor.start(member)
    await wait_until(lambda: "deaf" in (tmp_path / "child.log").read_text())
    await watched.supervisor.stop(["child"])
    assert member.process is not None
    assert member.process.returncode == -signal.SIGKILL
    assert watched.told == ["child does not stop; killed"]


async def test_a_frozen_child_stops_too(watched: Watched, tmp_path: Path) -> None:
    member = python("child", SLEEP, tmp_path)
    await watched.supervisor.start(member)
    os.kill(member.pid, signal.SIGSTOP)
    await watched.supervisor.stop(["child"])
    assert member.process is not None
    assert member.process.returncode == -signal.SIGTERM


@pytest.mark.parametrize(
    ("code", "told"), [(0, []), (3, ["demo ended with exit code 3; the stack goes on without it"])]
)
async def test_an_optional_member_may_end(watched: Watched, tmp_path: Path, code: int, told: list[str]) -> None:
    member = python("demo", f"raise SystemExit({code})", tmp_path)
    member.optional = True
    await watched.supervisor.start(member)
    kept = next(task for task in asyncio.all_tasks() if task.get_name() == "keep demo")
    await asyncio.wait_for(kept, 10)
    assert watched.told == told


async def test_an_optional_member_that_is_killed_goes_on(watched: Watched, tmp_path: Path) -> None:
    member = python("demo", SLEEP, tmp_path)
    member.optional = True
    await watched.supervisor.start(member)
    os.kill(member.pid, signal.SIGKILL)
    await wait_until(lambda: watched.changes == 1)


def test_pauses_are_short_at_first_and_bounded() -> None:
    assert pause_after(1) == 0.1
    assert pause_after(3) == pytest.approx(0.4)
    assert pause_after(50) == LONGEST_PAUSE
