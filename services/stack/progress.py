"""What a person sees while a stack starts: bars and spinners on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

MEGABYTE = 1_000_000


class Report(Protocol):
    """Where the steps of a start are told."""

    def line(self, text: str) -> None:
        """One line for a person."""

    def step(self, name: str) -> "Step":
        """A step begins."""

    def close(self) -> None:
        """Nothing more moves; lines may still come."""


class Step(Protocol):
    """One step of a start."""

    def fetched(self, done: int, total: int) -> None:
        """So many bytes of all are here. May be called by any thread."""

    def done(self, what: str = "") -> None:
        """The step is finished; `what` says a little more."""


class PlainReport:
    """A line when a step begins to fetch, one for each quarter, one when it is done."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)

    def line(self, text: str) -> None:
        self._console.print(text, markup=False)
        sys.stdout.flush()

    def step(self, name: str) -> "PlainStep":
        return PlainStep(self, name)

    def close(self) -> None:
        """Nothing moves."""


class PlainStep:
    """A step as plain lines."""

    def __init__(self, report: PlainReport, name: str) -> None:
        self._report = report
        self._name = name
        self._began = time.monotonic()
        self._quarter = -1

    def fetched(self, done: int, total: int) -> None:
        quarter = 4 * done // total
        if quarter != self._quarter:
            self._quarter = quarter
            self._report.line(f"  {self._name}: {done // MEGABYTE} of {total // MEGABYTE} MB")

    def done(self, what: str = "") -> None:
        took = time.monotonic() - self._began
        self._report.line(f"  {self._name}{what and f' {what}'} ({took:.1f} s)")


class LiveReport:
    """Spinners and bars that settle into ticks."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[what]}", style="dim"),
            TimeElapsedColumn(),
        )
        self._progress.start()

    def line(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def step(self, name: str) -> "LiveStep":
        return LiveStep(self._progress, self._progress.add_task(name, total=None, what=""))

    def close(self) -> None:
        self._progress.stop()


class LiveStep:
    """A step as a row of the live display."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def fetched(self, done: int, total: int) -> None:
        what = f"{done // MEGABYTE} of {total // MEGABYTE} MB"
        self._progress.update(self._task, completed=done, total=total + 1, what=what)

    def done(self, what: str = "") -> None:
        self._progress.update(self._task, completed=1, total=1, what=what)


@contextmanager
def reporting() -> Iterator[Report]:
    """The report that fits standard output."""
    report: Report = LiveReport() if sys.stdout.isatty() else PlainReport()
    try:
        yield report
    finally:
        report.close()
