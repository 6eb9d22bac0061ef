"""`tocsin erase --case ID|--reporter ID`: takes the texts and personal data of cases out of every table.

The skeleton of a case stays (what it was about, when what happened, who decided), so that clocks and audit remain
true. What Kafka still holds cannot be taken out: the command says until when it is kept there.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import orjson
import typer

from services.commands import CommandFailed
from services.commands.database import ByOption, Databases, DatabaseUrlOption, actor, find_database, work_on
from services.commands.erasing import Erased, cases_of_reporter, erase_case, total
from services.commands.progress import progress_bar
from services.commands.target import DEFAULT_DATA_DIR, DataDirOption, JsonOption
from services.intake.case import Who
from services.intake.store.protection import count_reports
from shared.bus.topics import RETENTION_MS
from shared.contracts.vocabulary import ActorKind, ServiceName

SEGMENT_ROLLS = timedelta(days=7)
"""Kafka removes whole segments; a broker begins a new one after at most so long (`log.roll.hours`)."""
HELD_SHOWN = 20


def erase(
    case: Annotated[UUID | None, typer.Option("--case", help="This case.")] = None,
    reporter: Annotated[str | None, typer.Option("--reporter", help="Every case with a report of theirs.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be erased; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    by: ByOption = None,
    database_url: DatabaseUrlOption = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    as_json: JsonOption = False,
) -> None:
    """Erase the texts and personal data of a case, or of every case with a report of one reporter."""
    if (case is None) == (not reporter):
        raise typer.BadParameter("give either --case ID or --reporter ID")
    if not (yes or dry_run or sys.stdin.isatty()):
        raise typer.BadParameter("nobody can be asked here; give --yes, or --dry-run to see what it would erase")
    url = find_database(database_url, data_dir)
    ids = [case] if case is not None else work_on(url, lambda dbs: _of_reporter(dbs, str(reporter)))
    if not (yes or dry_run):
        typer.confirm(f"Erase {_cases(len(ids))} for good?", abort=True)
    who = Who(actor(by), ActorKind.PERSON)
    erased = work_on(url, lambda databases: _erase_all(databases, ids, who, dry_run=dry_run))
    _show(erased, dry_run=dry_run, as_json=as_json)
    _refuse(erased)


async def _of_reporter(databases: Databases, reporter: str) -> list[UUID]:
    if ServiceName.INTAKE not in databases:
        raise CommandFailed("this database holds no reports\nGive the one of intake with --database-url.")
    db = databases[ServiceName.INTAKE]
    async with db.connection() as connection:
        about = await count_reports(connection)
    with progress_bar("looking through reports", about) as advance:
        ids = await cases_of_reporter(db, reporter, advance)
    if not ids:
        raise CommandFailed(f"no report names the reporter {reporter!r}\nSee that the id is the one that was sent.")
    return ids


async def _erase_all(databases: Databases, ids: Sequence[UUID], who: Who, *, dry_run: bool) -> list[Erased]:
    erased = []
    with progress_bar("erasing", len(ids)) as advance:
        for case_id in ids:
            erased.append(await erase_case(databases, case_id, who, dry_run=dry_run))
            advance(1)
    if not any(one.known for one in erased):
        raise CommandFailed(f"no service knows a case {ids[0]}\nSee that the id is that of a case, not of a report.")
    return erased


def _show(erased: Sequence[Erased], *, dry_run: bool, as_json: bool) -> None:
    done = [one for one in erased if one.held_until is None]
    until = datetime.now(UTC) + timedelta(milliseconds=RETENTION_MS) + SEGMENT_ROLLS
    if as_json:
        answer = {
            "dry_run": dry_run,
            "cases": [str(one.case_id) for one in done],
            "tables": total(done),
            "held": {str(one.case_id): one.held_until for one in erased if one.held_until is not None},
            "kafka": {"retention_ms": RETENTION_MS, "gone_by": until},
        }
        typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z))
        return
    typer.echo(f"{'would erase' if dry_run else 'erased'} {_cases(len(done))}")
    for service, counts in total(done).items():
        for table, rows in counts.items():
            typer.echo(f"  {service}.{table}: {rows}")
    days = RETENTION_MS // 86_400_000
    typer.echo(f"Kafka keeps events for {days} days: what was sent of it is gone there by {until:%Y-%m-%d %H:%M} UTC.")


def _refuse(erased: Sequence[Erased]) -> None:
    """Exit 1 where a legal hold was in the way."""
    held = [one for one in erased if one.held_until is not None]
    for one in held[:HELD_SHOWN]:
        typer.echo(f"case {one.case_id} is under a legal hold until {one.held_until:%Y-%m-%d %H:%M} UTC", err=True)
    if held:
        raise CommandFailed(f"{_cases(len(held))} kept because of a legal hold\nErase again when the hold has passed.")


def _cases(count: int) -> str:
    return f"{count} case{'' if count == 1 else 's'}"
