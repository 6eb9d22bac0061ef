"""`tocsin watch`: the unresolved cases in a live table; without a terminal one line a change. Ctrl-C ends it."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from services.client import words
from services.client.caller import Caller
from services.commands.case_drawing import PAGE_STYLE, SEVERITY_STYLE
from services.commands.desk import Row, changes, gone, look, rows
from services.commands.target import DataDirOption, JsonOption, TokenOption, UrlOption, find_target, reach
from shared.contracts.vocabulary import ServiceName

EVERY = 1.0
CHROME = 6
Show = Callable[[Sequence[Row], datetime, Sequence[str]], None]


def watch(
    url: UrlOption = None,
    token: TokenOption = None,
    data_dir: DataDirOption = Path(".tocsin"),
    every: Annotated[float, typer.Option("--every", min=0.2, help="Seconds between two looks.")] = EVERY,
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Follow the unresolved cases: who has each, its next deadline, and its page. Ctrl-C ends it."""
    target = find_target(url, token, data_dir)
    console = Console()
    with suppress(KeyboardInterrupt):
        if as_json or once or not console.is_terminal:
            show = _json_lines() if as_json else _lines()
            reach(target, lambda caller: follow(caller, show, every, once), patience=0)
            return
        with Live(console=console, screen=False, auto_refresh=False) as live:
            reach(target, lambda caller: follow(caller, _table(live), every, once), patience=0)


async def follow(caller: Caller, show: Show, every: float, once: bool) -> None:
    """Look and show, again and again. The first look must reach intake; later ones survive its restarts."""
    await caller.get(ServiceName.INTAKE, "/v1/cases", limit=1)
    while True:
        sight = await look(caller)
        now = caller.clock.now()
        troubles = list(sight.missing.values())
        if ServiceName.INTAKE not in sight.missing or once:
            show(rows(sight, now), now, troubles)
        if once:
            return
        await asyncio.sleep(every)


def _table(live: Live) -> Show:
    def show(found: Sequence[Row], now: datetime, troubles: Sequence[str]) -> None:
        live.update(table(found, now, troubles, size=live.console.size), refresh=True)

    return show


def table(found: Sequence[Row], now: datetime, troubles: Sequence[str], *, size: tuple[int, int]) -> RenderableType:
    """The soonest deadlines that fit a terminal of `size` (columns, lines), and how many more there are."""
    width, height = size
    room = max(height - CHROME - len(troubles), 3)
    drawn = Table(title=f"{len(found)} unresolved, {now:%H:%M:%S}Z", title_justify="left", box=None, pad_edge=False)
    columns = [column for column in COLUMNS if width >= column.from_width]
    for column in columns:
        drawn.add_column(column.name, no_wrap=True, header_style="dim", overflow="ellipsis", min_width=column.width)
    for row in found[:room]:
        drawn.add_row(*(column.cell(row) for column in columns))
    more = [Text(f"and {len(found) - room} more", style="dim")] if len(found) > room else []
    return Group(drawn, *more, *(Text(trouble, style="red") for trouble in troubles))


@dataclass(frozen=True)
class Column:
    """A column of the table, at least `width` wide, shown from a terminal's width on. The id is always whole."""

    name: str
    cell: Callable[[Row], Text]
    width: int | None = None
    from_width: int = 0


COLUMNS = (
    Column("case", lambda row: Text(str(row.case_id), style="dim"), width=36),
    Column("what", lambda row: Text(f"{words.spaced(row.policy_area)} {row.language} {row.region}"), from_width=140),
    Column("severity", lambda row: Text(row.severity, style=SEVERITY_STYLE[row.severity]), width=8, from_width=100),
    Column("status", lambda row: Text(row.status), width=12, from_width=120),
    Column("with", lambda row: Text(row.held_by)),
    Column("next deadline", lambda row: Text(_deadline(row), style="bold red" if row.overdue else "")),
    Column("page", lambda row: Text(row.page or "", style=PAGE_STYLE.get(row.page, "") if row.page else "")),
)


def _deadline(row: Row) -> str:
    return f"{row.clock} {_left(row)}" if row.clock else ""


def _left(row: Row) -> str:
    if row.left is None:
        return ""
    return words.length(row.left) if row.left >= 0 else f"{words.length(row.left)} late"


def line(row: Row, now: datetime) -> str:
    """One change as one line of text."""
    deadline = _deadline(row) or "no clock"
    page = f", page {row.page}" if row.page else ""
    about = f"{row.policy_area} {row.language} {row.region} {row.severity}"
    return f"{now:%H:%M:%S}Z {row.case_id} {about}: {row.status}, {row.held_by or 'nobody'}, {deadline}{page}"


def _lines() -> Show:
    def tell(row: Row, now: datetime) -> None:
        typer.echo(line(row, now))

    return _by_change(tell, lambda row, now: typer.echo(f"{now:%H:%M:%S}Z {row.case_id} no longer unresolved"))


def _json_lines() -> Show:
    def write(value: dict[str, Any]) -> None:
        sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.buffer.flush()

    def tell(row: Row, now: datetime) -> None:
        write({"at": now, **row.__dict__})

    return _by_change(tell, lambda row, now: write({"at": now, "case_id": row.case_id, "status": "resolved"}))


def _by_change(tell: Callable[[Row, datetime], None], ended: Callable[[Row, datetime], None]) -> Show:
    """Show only what is new since the last whole look; a trouble is said once on stderr until it passes."""
    before: list[Row] = []
    said: set[str] = set()

    def show(found: Sequence[Row], now: datetime, troubles: Sequence[str]) -> None:
        for trouble in troubles:
            if trouble not in said:
                typer.echo(trouble, err=True)
        said.clear()
        said.update(troubles)
        if troubles:
            return
        for row in changes(before, found):
            tell(row, now)
        for row in gone(before, found):
            ended(row, now)
        before[:] = found

    return show
