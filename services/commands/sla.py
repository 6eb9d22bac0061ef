"""`tocsin sla recompute`: lets open clocks go on under the configuration given, after showing what would change.

A clock keeps the definition that it started under. This is the one way to change that: it shows which clocks would be
due at another instant and why, asks, and then changes them as the monitor itself would, told and audited.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from services.commands.database import ByOption, Databases, DatabaseUrlOption, actor, find_database, work_on
from services.commands.progress import progress_bar
from services.commands.target import DEFAULT_DATA_DIR, DataDirOption, JsonOption
from services.sla_monitor.caseload import Caseload
from services.sla_monitor.recomputation import Recomputation
from services.sla_monitor.recomputing import Change
from services.sla_monitor.rulebook import Rulebook
from services.sla_monitor.store import cases
from shared.config.loading import load
from shared.config.models import Configuration
from shared.contracts.events import Actor
from shared.contracts.scalars import format_duration, format_instant
from shared.contracts.vocabulary import ActorKind, ServiceName
from shared.db import Database

SHOWN = 50
"""Clocks that are shown to a person; `--json` has all."""

sla = typer.Typer(help="The clocks of open cases.")


@sla.callback()
def _sla() -> None:
    """The clocks of open cases."""


@dataclass(frozen=True)
class InForce:
    """The configuration by which clocks are judged here."""

    current: Configuration


@sla.command()
def recompute(
    config_dir: Annotated[
        Path | None, typer.Option(help="Where the seven files are; default: TOCSIN_CONFIG_DIR, else deploy/config.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    by: ByOption = None,
    database_url: DatabaseUrlOption = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    as_json: JsonOption = False,
) -> None:
    """Pin open clocks to this configuration: shows what would fall due at another instant, asks, then does it."""
    if not (yes or dry_run or sys.stdin.isatty()):
        raise typer.BadParameter("nobody can be asked here; give --yes, or --dry-run to see what would change")
    folder = config_dir or Path(os.environ.get("TOCSIN_CONFIG_DIR", "deploy/config"))
    configuration, url = load(folder), find_database(database_url, data_dir)
    who = Actor(kind=ActorKind.PERSON, id=actor(by))
    found = work_on(url, lambda dbs: _run(dbs, configuration, who, apply=False), services=(ServiceName.SLA_MONITOR,))
    if not as_json:
        _show(found, "would change")
    if not (yes or dry_run):
        typer.confirm("Pin every open clock to this configuration?", abort=True)
    if not dry_run:
        found = work_on(url, lambda dbs: _run(dbs, configuration, who, apply=True), services=(ServiceName.SLA_MONITOR,))
    if as_json:
        answer = {"dry_run": dry_run, "clocks": [_plain(change) for change in found]}
        typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z))
    elif not dry_run:
        typer.echo(f"{_clocks(len(found))} changed; every other open clock is pinned to this configuration, too")


async def _run(databases: Databases, configuration: Configuration, who: Actor, *, apply: bool) -> list[Change]:
    db = databases[ServiceName.SLA_MONITOR]
    work = Recomputation(db, Caseload(db, Rulebook(db, InForce(configuration))), who)
    with progress_bar("recomputing" if apply else "looking", await _count(db)) as advance:
        return await (work.apply(advance) if apply else work.look(advance))


async def _count(db: Database) -> int:
    async with db.connection() as connection:
        return await cases.count_with_open_clocks(connection)


def _show(found: Sequence[Change], verb: str) -> None:
    typer.echo(f"{_clocks(len(found))} {verb}")
    for change in found[:SHOWN]:
        why = ", ".join(why.replace("_", " ") for why in change.why)
        typer.echo(f"  case {change.case_id}  {change.name}: {_from_to(change)} ({why})")
    if len(found) > SHOWN:
        typer.echo(f"  … and {len(found) - SHOWN} more; --json lists all")


def _from_to(change: Change) -> str:
    if change.from_version is None:
        return f"starts, due {_at(change.to_due)}"
    if change.to_state == "cancelled":
        return f"due {_at(change.from_due)} → cancelled"
    if change.from_due == change.to_due and change.from_target is not None:
        return f"target {format_duration(change.from_target)} → {format_duration(change.to_target)}"
    return f"due {_at(change.from_due)} → {_at(change.to_due)}"


def _at(due: datetime | None) -> str:
    return "never while paused" if due is None else format_instant(due)


def _plain(change: Change) -> dict[str, Any]:
    targets = {
        name: None if target is None else target.total_seconds()
        for name, target in (("from_target", change.from_target), ("to_target", change.to_target))
    }
    return {**asdict(change), **targets}


def _clocks(count: int) -> str:
    return f"{count} clock{'' if count == 1 else 's'}"
