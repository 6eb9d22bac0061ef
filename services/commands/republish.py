"""`tocsin republish`: after a restore of the database, bring services and topics back together.

Names what was lost, moves every position to the end of its topic, takes pages back that went out since, raises
every sequence by 1000 and says each open case again as case.snapshot. Safe to repeat.
"""

import logging
import os
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from services.commands import CommandFailed
from services.commands.aftermath import Aftermath
from services.commands.database import ByOption, Databases, DatabaseUrlOption, actor, find_database, work_on
from services.commands.restoring import look, refuse_while_running, send
from services.commands.restoring import republish as act
from services.commands.rewriting import Found
from services.commands.target import DataDirOption, JsonOption
from services.stack.state import running_stack
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ActorKind, ServiceName
from shared.settings import KafkaSettings, Settings

BOOTSTRAP = "TOCSIN_KAFKA_BOOTSTRAP"
SHOWN = 20
"""Lines of each kind that are shown to a person; `--json` has all."""

DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and report; change nothing.")]
WhileRunning = Annotated[bool, typer.Option("--while-running", help="Do it though services hold their leases.")]


def republish(
    database_url: DatabaseUrlOption = None,
    data_dir: DataDirOption = Path(".tocsin"),
    by: ByOption = None,
    dry_run: DryRun = False,
    while_running: WhileRunning = False,
    as_json: JsonOption = False,
) -> None:
    """Bring a restored database and the topics together: report what is lost, say every open case again."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it logs what the message says
    url, kafka = find_database(database_url, data_dir), find_kafka(data_dir)
    who = Actor(kind=ActorKind.PERSON, id=actor(by))

    async def work(databases: Databases) -> tuple[Found, int]:
        _require_all(databases)
        if not while_running:
            await refuse_while_running(databases)
        found = await look(databases, kafka, _progress)
        if dry_run:
            return found, 0
        await act(databases, found, who, _progress)
        return found, await send(databases, kafka, _progress)

    found, left = work_on(url, work)
    show(found, left, dry_run=dry_run, as_json=as_json)


def find_kafka(data_dir: Path) -> KafkaSettings:
    """The brokers of the environment, else the running stack's."""
    settings = Settings.from_environment().kafka
    stack = {} if os.environ.get(BOOTSTRAP) else running_stack(data_dir) or {}
    bootstrap = (stack.get("kafka") or {}).get("bootstrap")
    return settings.model_copy(update={"bootstrap": bootstrap}) if bootstrap else settings


def show(found: Found, left: int, *, dry_run: bool, as_json: bool) -> None:
    """The report, on stdout."""
    report = {"dry_run": dry_run, "open_cases": len(found.open_keys), "left_to_send": left, **found.after.as_json()}
    if as_json:
        typer.echo(orjson.dumps(report, option=orjson.OPT_UTC_Z))
        return
    for line in _lines(found.after, report):
        typer.echo(line)


def _lines(after: Aftermath, report: dict[str, Any]) -> list[str]:
    verb = "would be said" if report["dry_run"] else "said"
    lines = [f"{report['open_cases']} open cases {verb} again; {len(report['pages_remembered'])} pages remembered"]
    lines += _listed("lost cases, to be posted again by their sources", after.lost_cases)
    posts = [f"{one.source} {one.external_id} (case {one.case_id})" for one in after.lost_reports]
    lines += _listed("lost reports (source, external id)", posts)
    lines += _listed(
        "cases that lost changes", [f"{key}: {', '.join(types)}" for key, types in after.lost_changes.items()]
    )
    lines += _listed("pages of lost cases, to be closed at the provider", after.orphaned_pages)
    if after.unreadable:
        lines.append(f"{after.unreadable} records of the topics could not be read")
    if report["left_to_send"]:
        lines.append(f"{report['left_to_send']} events are still to be sent; the services do it when they start")
    return lines


def _listed(title: str, items: list[str]) -> list[str]:
    more = [f"  … and {len(items) - SHOWN} more; --json lists all"] if len(items) > SHOWN else []
    return [f"{len(items)} {title}", *(f"  {item}" for item in items[:SHOWN]), *more] if items else []


def _require_all(databases: Databases) -> None:
    missing = [name for name in ServiceName if name not in databases]
    if missing:
        raise CommandFailed(
            f"the database lacks {', '.join(missing)}: all four schemas must come from one instant\n"
            "Restore them together into one database, then try again."
        )


def _progress(line: str) -> None:
    typer.echo(line, err=True)
