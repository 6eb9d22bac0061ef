"""`tocsin audit verify` and `tocsin audit export`: is the audit whole, and what does it say.

Both read the tables of every service whose schema the database holds.
"""

import sys
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import orjson
import typer
from pydantic import TypeAdapter, ValidationError

from services.commands import CommandFailed
from services.commands.database import Databases, DatabaseUrlOption, find_database, work_on
from services.commands.progress import progress_bar
from services.commands.target import DEFAULT_DATA_DIR, DataDirOption, JsonOption
from shared.audit import store
from shared.audit.chain import Row
from shared.audit.store import Filters
from shared.audit.verification import Verdict, verify
from shared.contracts.scalars import Instant
from shared.contracts.vocabulary import ServiceName
from shared.db import Database

AT_ONCE = 1000
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)

audit = typer.Typer(help="Verify the audit, or export it.")

ServiceOption = Annotated[ServiceName | None, typer.Option("--service", help="Only this service's audit.")]


@audit.callback()
def _audit() -> None:
    """Verify the audit, or export it."""


@audit.command("verify")
def verify_chains(
    service: ServiceOption = None,
    database_url: DatabaseUrlOption = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    as_json: JsonOption = False,
) -> None:
    """Walk every chain; the first row that does not fit is named, and exit is 1."""
    verdicts = work_on(find_database(database_url, data_dir), _verify_all, services=_chosen(service))
    if as_json:
        typer.echo(orjson.dumps({name: asdict(found) for name, found in verdicts.items()}, option=orjson.OPT_INDENT_2))
    else:
        for name, found in verdicts.items():
            typer.echo(_told(name, found))
    broken = [name for name, found in verdicts.items() if found.fault is not None]
    if broken:
        raise CommandFailed(
            f"the audit of {', '.join(broken)} is not whole\n"
            "Keep the database as it is, compare with an exported copy, and see docs/runbooks/audit.md."
        )


@audit.command("export")
def export(
    service: ServiceOption = None,
    since: Annotated[str | None, typer.Option(help="From this instant on, RFC 3339 with offset.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this instant.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only acts of this principal or service.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action, such as case.resolve.")] = None,
    database_url: DatabaseUrlOption = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Write the audit to standard output, one JSON object a line, oldest first within a service."""
    filters = Filters(_instant("--since", since), _instant("--until", until), actor, action)
    work_on(find_database(database_url, data_dir), partial(_export_all, filters=filters), services=_chosen(service))


def _chosen(service: ServiceName | None) -> tuple[ServiceName, ...]:
    return tuple(ServiceName) if service is None else (service,)


def _instant(option: str, text: str | None) -> datetime | None:
    try:
        return None if text is None else _INSTANT.validate_python(text)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise typer.BadParameter(message, param_hint=option) from None


async def _verify_all(databases: Databases) -> dict[str, Verdict]:
    return {name.value: await _verify(name, db) for name, db in databases.items()}


async def _verify(name: ServiceName, db: Database) -> Verdict:
    async with db.connection() as connection:
        ends = await store.ends(connection)
    with progress_bar(name.value, ends.tip.position - ends.anchor.position) as advance:
        walked = 0

        def show(done: int, _total: int) -> None:
            nonlocal walked
            advance(done - walked)
            walked = done

        return await verify(db, show)


def _told(name: str, found: Verdict) -> str:
    if found.fault is not None:
        return f"{name}: {found.fault}"
    removed = f", {found.removed} older ones removed by retention" if found.removed else ""
    return f"{name}: {found.rows} entries fit{removed}; position {found.position}, hash {found.tip}"


async def _export_all(databases: Databases, *, filters: Filters) -> None:
    for name, db in databases.items():
        after = 0
        while rows := await _page(db, filters, after):
            after = rows[-1].id
            sys.stdout.buffer.write(b"".join(_line(name.value, row) for row in rows))
            sys.stdout.buffer.flush()


async def _page(db: Database, filters: Filters, after: int) -> list[Row]:
    async with db.connection() as connection:
        return await store.page(connection, filters, after=after, limit=AT_ONCE)


def _line(service: str, row: Row) -> bytes:
    """A row with all that its hash is made of (`shared.audit.chain`)."""
    line: dict[str, Any] = {
        "service": service,
        "id": row.id,
        "at": row.at,
        "actor": {"kind": row.actor_kind, "id": row.actor_id},
        "action": row.action,
        "subject": row.subject,
        "detail": row.detail,
        "position": row.position,
        "previous": row.previous and row.previous.hex(),
        "hash": row.hash and row.hash.hex(),
    }
    return orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
