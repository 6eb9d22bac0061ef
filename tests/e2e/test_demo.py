"""`make run` as a person sees it: the demo plays on the shipped configuration, and ends well whatever is killed."""

import os
import random
import signal
from pathlib import Path

import pytest

from services.stack import ports
from tests.support.example_config import SHIPPED
from tests.support.running_stack import RunningStack
from tests.support.waiting import wait_for


@pytest.fixture
def shown(tmp_path: Path) -> RunningStack:
    """A stack with the demo, on ports of its own."""
    return RunningStack(tmp_path, SHIPPED, ports.choose(4, adjacent=True)[0], options=("--demo",))


def demo_of(stack: RunningStack) -> int:
    """The process that plays; 0 when none does."""
    assert stack.process is not None
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command, status = (path / "cmdline").read_bytes(), (path / "status").read_text()
        except OSError:
            continue
        if b"services.stack.demo" in command and f"PPid:\t{stack.process.pid}\n" in status:
            return int(path.name)
    return 0


def pid_of(stack: RunningStack, name: str) -> int:
    """The present process of a child."""
    known = {**stack.pids(), "receiver": stack.info()["receiver"]["pid"]}
    return demo_of(stack) if name == "demo" else known[name]


def kill(stack: RunningStack, name: str) -> None:
    """SIGKILL to a child, and wait for the one that takes its place."""
    killed = wait_for(lambda: pid_of(stack, name), what=f"{name} runs")
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: pid_of(stack, name) not in (0, killed), 60, what=f"another {name}")


@pytest.mark.timeout(500)
def test_the_demo_ends_well_though_every_process_is_killed_once(shown: RunningStack) -> None:
    try:
        shown.ensure()
        wait_for(lambda: "demo:" in shown.said(), 60, what="the demo begins", pause=0.1)
        victims = [*shown.pids(), "receiver", "demo"]
        random.shuffle(victims)
        for victim in victims:
            kill(shown, victim)
        wait_for(lambda: "post one of your own" in shown.said(), 300, what="the demo's end", pause=0.2)
    finally:
        code = shown.stop()
    assert code == 0
    said = shown.log.read_text(encoding="utf-8")
    assert "resolved           36 of 36 cases" in said, said
    assert "its page was acknowledged by" in said
    assert "the stack goes on without it" not in said
