"""Keeps the children of a stack running: starts again what ends, tells the new pids, stops all in their order.

Children are spawned by the loop's thread, which is the main thread: their death signal belongs to it.
"""

import asyncio
import signal
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from services.stack.children import send
from services.stack.faults import StackFault
from shared.clock import Clock

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
SETTLED = 10.0
"""Seconds of life after which the end of a child counts as its first again."""

POLL = 0.05


@dataclass
class Member:
    """One child: how it is started (again), how it is stopped, and its present process."""

    name: str
    start: Callable[[], Awaitable["subprocess.Popen[bytes]"]]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_limit: float = 25.0
    optional: bool = False
    """It may end by itself (exit code 0 or more) and is then not started again."""
    process: "subprocess.Popen[bytes] | None" = None
    failures: int = 0
    """Ends in a row, each soon after its start."""

    @property
    def pid(self) -> int:
        """The id of the present process; 0 before the first start."""
        return self.process.pid if self.process else 0


class Supervisor:
    """Owns the members' processes. `changed` is called after each start, `tell` with a line for a person."""

    def __init__(self, clock: Clock, *, changed: Callable[[], None], tell: Callable[[str], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._tell = tell
        self._kept: dict[str, asyncio.Task[None]] = {}
        self.members: dict[str, Member] = {}
        self._stopping: set[str] = set()

    async def start(self, member: Member) -> None:
        """Start a member for the first time and keep it running; a `StackFault` of its preparation is raised."""
        member.process = await member.start()
        self.members[member.name] = member
        self._kept[member.name] = asyncio.create_task(self._keep(member), name=f"keep {member.name}")

    async def stop(self, *groups: Sequence[str]) -> None:
        """Stop the members of each group together, one group after the other."""
        for group in groups:
            members = [self.members[name] for name in group if name in self.members]
            self._stopping.update(member.name for member in members)
            await asyncio.gather(*(self._stop(member) for member in members))

    def kill(self) -> None:
        """End everything now; PostgreSQL by its immediate shutdown, which takes its children along."""
        for member in self.members.values():
            self._stopping.add(member.name)
            if member.process is not None:
                at_once = signal.SIGQUIT if member.stop_signal is signal.SIGINT else signal.SIGKILL
                send(member.process, at_once)

    async def _stop(self, member: Member) -> None:
        process = member.process
        if process is not None:
            send(process, member.stop_signal)
            with suppress(TimeoutError):
                async with asyncio.timeout(member.stop_limit):
                    await self._ended(process)
            if process.poll() is None:
                self._tell(f"{member.name} does not stop; killed")
                process.kill()
                await self._ended(process)
        self._kept[member.name].cancel()

    async def _keep(self, member: Member) -> None:
        """Wait for the end of the process and start the next, until the member is to stop."""
        while member.process is not None:
            began = self._clock.monotonic()
            code = await self._ended(member.process)
            if member.name in self._stopping:
                return
            if member.optional and code >= 0:
                self._tell_end(member, code)
                return
            member.failures = 1 if self._clock.monotonic() - began > SETTLED else member.failures + 1
            self._tell(f"{member.name} ended ({_words(code)}); starting it again")
            await self._restart(member)

    async def _restart(self, member: Member) -> None:
        while True:
            await self._clock.sleep(pause_after(member.failures))
            try:
                member.process = await member.start()
            except (StackFault, OSError) as fault:
                member.failures += 1
                self._tell(f"{member.name} cannot start: {fault}")
                continue
            self._changed()
            return

    def _tell_end(self, member: Member, code: int) -> None:
        if code:
            self._tell(f"{member.name} ended with exit code {code}; the stack goes on without it")

    async def _ended(self, process: "subprocess.Popen[bytes]") -> int:
        while (code := process.poll()) is None:
            await self._clock.sleep(POLL)
        return code


def pause_after(failures: int) -> float:
    """Seconds before the next start, after so many ends in a row."""
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (max(failures, 1) - 1)))


def _words(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
