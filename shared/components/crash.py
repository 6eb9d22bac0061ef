"""Named crash points: where a test ends the process as `kill -9` would, to show what survives.

`TOCSIN_CRASH_AT=name[:nth]` chooses one; the file `TOCSIN_CRASH_MARK` is written first and proves that
it was reached. Once that file exists the point is spent, so that the restarted process goes on.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path

CrashPoint = Callable[[str], None]


class CrashPlan:
    """Counts passes of the chosen point; ends the process at the nth."""

    def __init__(self, at: str, mark: Path, end: Callable[[], None]) -> None:
        self._name, _, nth = at.partition(":")
        self._left = int(nth or 1)
        self._mark = mark
        self._end = end

    def reach(self, name: str) -> None:
        """Pass the point `name`."""
        if name != self._name or self._mark.exists():
            return
        self._left -= 1
        if self._left == 0:
            self._mark.write_text(f"{name} {os.getpid()}\n", encoding="utf-8")
            self._end()


def _kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _pass(name: str) -> None:
    """No crash is planned."""


def _from_environment() -> CrashPoint:
    at, mark = os.environ.get("TOCSIN_CRASH_AT"), os.environ.get("TOCSIN_CRASH_MARK")
    return CrashPlan(at, Path(mark), _kill_self).reach if at and mark else _pass


crash_point: CrashPoint = _from_environment()
"""Pass a named point; does nothing unless the environment of this process asks for a crash there."""
