"""`tocsin case ID`: one case with its timeline, clocks, routing and pages, asked of all four services."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import orjson
import typer
from rich.console import Console

from services.client.caller import Refused
from services.commands import CommandFailed
from services.commands.case_drawing import draw
from services.commands.dossier import Dossier, gather
from services.commands.target import DataDirOption, JsonOption, TokenOption, UrlOption, find_target, reach

PATIENCE = 3.0
PIPED_WIDTH = 120


def case(
    case_id: Annotated[UUID, typer.Argument(metavar="ID", help="The case's id, as `tocsin post` and `watch` show it.")],
    url: UrlOption = None,
    token: TokenOption = None,
    data_dir: DataDirOption = Path(".tocsin"),
    as_json: JsonOption = False,
) -> None:
    """Show one case: what it is, its clocks with the time left, why it was routed so, its pages and timeline."""
    target = find_target(url, token, data_dir)
    try:
        dossier = reach(target, lambda caller: gather(caller, case_id), patience=PATIENCE)
    except Refused as error:
        if error.status != 404:
            raise
        raise CommandFailed(f"no case {case_id} that this key may see; `tocsin watch` lists the open ones") from None
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(dossier.raw, option=orjson.OPT_APPEND_NEWLINE))
    else:
        _print(dossier)


def _print(dossier: Dossier) -> None:
    """Draw it to the terminal's width; for a pipe to a fixed one, without the blanks at the ends of lines."""
    console, now = Console(), datetime.now(UTC)
    if console.is_terminal:
        console.print(draw(dossier, now))
        return
    console.width = PIPED_WIDTH
    with console.capture() as captured:
        console.print(draw(dossier, now))
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
