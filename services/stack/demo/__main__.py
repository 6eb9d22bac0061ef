"""`python -m services.stack.demo --data-dir D`: plays the demo against the stack that runs on D, and reports."""

import argparse
import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from services.client.caller import Caller, CallFailed
from services.stack.demo import figures
from services.stack.demo.board import Board
from services.stack.demo.cast import NotReady, read_keys
from services.stack.demo.desk import clear_up, come_back
from services.stack.demo.director import Director
from services.stack.demo.progress import Progress
from services.stack.demo.story import story
from services.stack.demo.world import World
from services.stack.state import running_stack
from shared.clock import SystemClock
from shared.contracts.vocabulary import ServiceName
from shared.errors import TocsinError

LIMIT = timedelta(minutes=4)
PATIENCE = 90.0


def main() -> None:
    """Play, report, and exit: 0 when every case came to its end, 1 when not."""
    parser = argparse.ArgumentParser(prog="tocsin demo", description="Plays the demo against a running stack.")
    parser.add_argument("--data-dir", type=Path, default=Path(".tocsin"))
    options = parser.parse_args()
    try:
        sys.exit(asyncio.run(play(options.data_dir, Console())))
    except TocsinError as error:
        sys.stderr.write(f"tocsin demo: {error}\n")
        sys.exit(1)
    except asyncio.CancelledError:
        sys.exit(130)


async def play(data_dir: Path, console: Console) -> int:
    """One run on the stack of `data_dir`; the exit code."""
    _end_on_signals()
    stack = running_stack(data_dir)
    if stack is None:
        raise NotReady(f"no stack runs in {data_dir}; start one with `tocsin up`")
    keys = read_keys(data_dir, Path(stack["token_file"]))
    urls = {name: str(stack["services"][name]["url"]) for name in ServiceName}
    progress = Progress.load(data_dir, SystemClock().now())
    async with httpx.AsyncClient(timeout=10.0) as client:
        patient = Caller(urls, keys.lead, client, SystemClock(), patience=PATIENCE)
        impatient = Caller(urls, keys.lead, client, SystemClock())
        world = World(impatient, _receiver(stack), progress.run)
        _say(console, await _greeting(patient))
        await clear_up(patient, progress.run)
        await come_back(patient, keys)
        with Board(console) as board:
            director = Director(story(), patient, keys, world, progress, data_dir, board.show)
            ended = await director.play(LIMIT)
        progress.over = True
        progress.save(data_dir)
        _say(console, *await _report(director, ended))
        _say(console, *_own_case(stack, urls[ServiceName.INTAKE]))
    return 0 if ended and not director.refused else 1


def _receiver(stack: Mapping[str, Any]) -> str | None:
    """Base URL of the built-in receiver; None where pages go to a pager of the caller's own."""
    receiver = stack.get("receiver")
    return str(receiver["url"]).rstrip("/") if receiver else None


def _end_on_signals() -> None:
    """SIGTERM and Ctrl-C end the run as a cancelled task, so that the terminal is left as it was."""
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


async def _greeting(caller: Caller) -> str:
    """Which languages of the story somebody on shift speaks right now, and which nobody does."""
    specialists = await caller.every(ServiceName.ROUTER, "/v1/specialists")
    present = [who for who in specialists if who["on_shift"]]
    spoken = {language.partition("-")[0] for who in present for language in who["languages"]}
    wanted = {str(script.fields["language"]).partition("-")[0] for script in story()} - {"und"}
    missing = ", ".join(sorted(wanted - spoken))
    return f"demo: {len(present)} of {len(specialists)} specialists are on shift" + (
        f"; nobody for {missing} now" if missing else ""
    )


async def _report(director: Director, ended: bool) -> list[str]:
    """What happened, in lines."""
    cases = list(director.cases())
    decisions = await _decisions(director)
    sent = {script.key: posted.sent_at for script, posted, _ in cases}
    assigned = figures.assigned_at_once(sent, decisions)
    pages = figures.due_to_page(director.world.deliveries, [str(posted.case_id) for _, posted, _ in cases])
    statuses = Counter(posted.status for posted in director.progress.posted.values())
    resolved = sum(seen.case.resolved_at is not None for _, _, seen in cases)
    waiting = [f"{script.key} ({seen.case.waiting_reason})" for script, _, seen in cases if seen.waits]
    told = [
        f"posted             {', '.join(f'{count} {status}' for status, count in sorted(statuses.items()))}",
        f"resolved           {resolved} of {len(cases)} cases",
        f"POST to assigned   {assigned.words()} ({len(assigned.seconds)} cases given to somebody at once)",
        f"due to page        {pages.words()} ({len(pages.seconds)} breached while watched)",
        *(f"  {line}" for line in figures.moments((script, seen) for script, _, seen in cases)),
    ]
    told += [f"still waiting      {', '.join(waiting)}"] if waiting else []
    told += [f"refused            {key}: {why}" for key, why in director.refused.items()]
    return ["", "this run" if ended else "this run did not come to its end in time", *told]


async def _decisions(director: Director) -> Mapping[str, list[Mapping[str, Any]]]:
    found = {}
    for script, posted, _ in director.cases():
        try:
            found[script.key] = await director.lead.every(ServiceName.ROUTER, f"/v1/cases/{posted.case_id}/routing")
        except CallFailed:
            found[script.key] = []
    return found


def _own_case(stack: Mapping[str, Any], intake: str) -> list[str]:
    body = (
        '{"external_id": "mine-1", "summary": "Wrong polling date in a post", "policy_area": "civic_integrity", '
        '"language": "en", "region": "US"}'
    )
    return [
        "",
        "post one of your own:",
        f"  curl -X POST {intake}/v1/escalations -H 'Content-Type: application/json' \\",
        f'    -H "Authorization: Bearer $(cat {stack["token_file"]})" \\',
        f"    -d '{body}'",
        "then: tocsin case ID · tocsin watch",
    ]


def _say(console: Console, *lines: str) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
