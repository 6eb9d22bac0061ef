"""`tocsin up`: starts the embedded stack, keeps it until a signal, stops it in order.

The first SIGINT, SIGTERM or SIGHUP stops cleanly; a second one ends everything at once.
"""

import asyncio
import logging
import os
import signal
from contextlib import suppress

from services.stack.plan import Plan
from services.stack.progress import Report, reporting
from services.stack.stack import Stack
from services.stack.state import DataDirectory
from shared.clock import SystemClock


def run(plan: Plan) -> None:
    """Return when the stack was stopped by a signal; raises `StackFault` when it cannot start."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # its brokers are only just starting
    directory = DataDirectory.open(plan.data_dir)
    try:
        with reporting() as report:
            asyncio.run(_live(plan, directory, report))
    finally:
        directory.close()


async def _live(plan: Plan, directory: DataDirectory, report: Report) -> None:
    stack = Stack(plan, directory, report, SystemClock())
    starting = asyncio.create_task(stack.start())
    stop = asyncio.Event()
    _watch_signals(stop, starting, stack)
    try:
        with suppress(asyncio.CancelledError):
            await starting
        await stop.wait()
    finally:
        report.close()
        if stack.supervisor.members:
            report.line("stopping")
            await stack.stop()
            report.line("stopped")


def _watch_signals(stop: asyncio.Event, starting: "asyncio.Task[None]", stack: Stack) -> None:
    def on_signal(number: int) -> None:
        if stop.is_set():
            stack.supervisor.kill()
            os._exit(128 + number)
        stop.set()
        starting.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, on_signal, number)
