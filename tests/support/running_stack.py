"""A real `tocsin up` as a process: started, asked, stopped, killed and started again."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from services.stack.children import Program, spawn, stop
from services.stack.state import running_stack
from tests.support.waiting import wait_for

START_LIMIT = 120.0
GONE_LIMIT = 15.0


@dataclass
class RunningStack:
    """One data directory and what runs on it; it ends with the test process, whatever ends that."""

    folder: Path
    config_dir: Path
    base_port: int
    environment: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ("--no-demo",)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What `tocsin up` printed, all starts together."""
        return self.folder / "up.log"

    def launch(self) -> "subprocess.Popen[bytes]":
        """Start it and do not wait."""
        arguments = ["--data-dir", str(self.data_dir), "--config-dir", str(self.config_dir)]
        arguments += ["--base-port", str(self.base_port), *self.options]
        program = Program(
            name="up",
            argv=[sys.executable, "-m", "services.cli", "up", *arguments],
            cwd=Path.cwd(),
            env={**os.environ, **self.environment},
            log=self.log,
        )
        self.process = spawn(program)
        return self.process

    def ensure(self) -> dict[str, Any]:
        """Start it unless it runs; its `stack.json` once it is ready."""
        if self.process is None or self.process.poll() is not None:
            self.launch()
        wait_for(self._ready, START_LIMIT, what="a ready stack", pause=0.05)
        return self.info()

    def info(self) -> dict[str, Any]:
        """The present `stack.json`."""
        found = running_stack(self.data_dir)
        assert found is not None, f"no ready stack; it said: {self.said()}"
        return found

    def pids(self) -> dict[str, int]:
        """The process id of every child, by name."""
        info = self.info()
        children = {**info["services"], "kafka": info["kafka"], "postgres": info["postgres"]}
        return {name: child["pid"] for name, child in children.items()}

    def url(self, service: str) -> str:
        """The service's address."""
        return str(self.info()["services"][service]["url"])

    def is_ready(self, service: str) -> bool:
        """Whether the service says that it is."""
        try:
            return httpx.get(f"{self.url(service)}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def said(self) -> str:
        """The end of what it printed."""
        return self.log.read_text(encoding="utf-8")[-2000:] if self.log.exists() else ""

    def kill(self) -> None:
        """SIGKILL to the supervisor alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        return stop(self.process, signal.SIGTERM, limit=60)

    def _ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError(f"tocsin up ended with {self.process.returncode}: {self.said()}")
        return running_stack(self.data_dir) is not None


def lives(pid: int) -> bool:
    """Whether the process runs (one that only waits to be reaped does not)."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False


def wait_until_gone(pids: list[int]) -> None:
    """Wait until none of the processes runs."""
    wait_for(lambda: not any(map(lives, pids)), GONE_LIMIT, what=f"the end of {pids}")
