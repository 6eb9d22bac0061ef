"""Child processes that never outlive their parent, and processes that an earlier parent left behind.

`PR_SET_PDEATHSIG` asks the kernel to signal the child when the thread that forked it ends, so children are spawned
from the main thread only. Each child leads a process group of its own: Ctrl-C reaches the parent alone, which stops
the children in their order.
"""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
LOG_LIMIT = 20_000_000
"""Bytes after which a log is set aside at the next start of its program; one older log is kept."""

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Account:
    """The user and group that a program runs as, when not those of its parent."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    """What to run, and the signal that the kernel sends it when the parent dies."""

    name: str
    argv: Sequence[str | Path]
    cwd: Path
    env: Mapping[str, str]
    log: Path | None
    """File that takes stdout and stderr; None: those of the parent."""
    account: Account | None = None
    pass_fds: Sequence[int] = field(default=())
    death_signal: signal.Signals = signal.SIGKILL


def spawn(program: Program) -> "subprocess.Popen[bytes]":
    """Start `program`; call from the main thread. Raises `OSError` when it cannot be executed."""
    output = None if program.log is None else _open_log(program.log)
    try:
        return subprocess.Popen(
            [os.fspath(part) for part in program.argv],
            cwd=program.cwd,
            env=dict(program.env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=tuple(program.pass_fds),
            process_group=0,
            preexec_fn=die_with_parent(program.death_signal),
            **identity(program.account),
        )
    finally:
        if output is not None:
            os.close(output)


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """For the child between fork and exec, after its user is set (which would clear the request)."""
    parent = os.getpid()

    def ask() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def stop(process: "subprocess.Popen[bytes]", with_signal: signal.Signals, *, limit: float) -> int:
    """Ask the process to stop, kill it after `limit` seconds; its exit code (negative: the signal)."""
    send(process, with_signal)
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def send(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """Signal a child that may have ended; a frozen one is thawed so that it can act on it."""
    if process.poll() is None:
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)


def left_in(directory: Path) -> list[int]:
    """Ids of the processes whose working directory is `directory`: what an earlier parent left behind."""
    return [pid for pid in _processes() if _works_in(pid, directory)]


def end_left_in(directory: Path, number: signal.Signals, *, limit: float) -> list[int]:
    """Signal the processes left in `directory` and wait for their end; those that still run after `limit` seconds."""
    for pid in left_in(directory):
        _signal(pid, number)
        _signal(pid, signal.SIGCONT)
    give_up = time.monotonic() + limit
    while (remaining := left_in(directory)) and time.monotonic() < give_up:
        time.sleep(0.02)
    return remaining


def _processes() -> Iterator[int]:
    own = os.getpid()
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal() and int(path.name) != own)


def _works_in(pid: int, directory: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").samefile(directory)
    except OSError:
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _open_log(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".1.log"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def identity(account: Account | None) -> dict[str, Any]:
    """The arguments of `subprocess` that run a program as `account`."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}
