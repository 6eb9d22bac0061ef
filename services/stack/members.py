"""The members of a stack beside its engines: the four services, the pager's receiver, the demo."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from services.stack.children import Program, spawn
from services.stack.environment import PAGER_SECRET, Addresses, caller_environment, service_environment
from services.stack.ports import LOOPBACK
from services.stack.state import DataDirectory, Kept
from services.stack.supervisor import Member
from shared.contracts.vocabulary import ServiceName

RECEIVER = "receiver"
DEMO = "demo"


class Members:
    """Makes them for one data directory, each a Python process of this interpreter."""

    def __init__(self, directory: DataDirectory, kept: Kept, addresses: Addresses, config_dir: Path) -> None:
        self._directory = directory
        self._kept = kept
        self._addresses = addresses
        self._config_dir = config_dir

    def service(self, name: ServiceName) -> Member:
        """`tocsin run <name>`."""
        environment = service_environment(name, self._addresses, self._directory, self._kept, self._config_dir)
        return self._member(name, ["services.cli", "run", name], environment, log=self._directory.log(name))

    def receiver(self) -> Member:
        """The other end of the built-in pager."""
        arguments = ["services.stack.receiver", "--port", str(self._kept.receiver_port)]
        arguments += ["--data", str(self._directory.path)]
        environment = {PAGER_SECRET: self._kept.pager_secret, **caller_environment()}
        return self._member(RECEIVER, arguments, environment, log=self._directory.log(RECEIVER))

    def demo(self) -> Member:
        """The demo; what it prints is shown. It ends by itself, and goes on after a kill."""
        arguments = ["services.stack.demo", "--data-dir", str(self._directory.path)]
        member = self._member(DEMO, arguments, caller_environment(), log=None)
        member.optional = True
        return member

    @property
    def receiver_url(self) -> str:
        """Where a person sees the pages."""
        return f"http://{LOOPBACK}:{self._kept.receiver_port}/"

    def _member(self, name: str, arguments: list[str], environment: Mapping[str, str], *, log: Path | None) -> Member:
        argv = [sys.executable, "-m", *arguments]
        program = Program(name=name, argv=argv, cwd=Path.cwd(), env=environment, log=log)

        async def start() -> "subprocess.Popen[bytes]":
            return spawn(program)

        return Member(name, start)
