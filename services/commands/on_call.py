"""`tocsin on-call`: the resolver alone, from configuration files, without a server and so without overrides."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import typer

from services.commands import CommandFailed
from services.notifier.oncall.plans import plan_of
from services.notifier.oncall.resolver import OnCall
from services.notifier.oncall.resolver import on_call as resolve
from shared.config.loading import load
from shared.config.models import Configuration
from shared.config.schedules import Schedule
from shared.contracts.scalars import format_instant
from shared.tzdata import tzdata_version


def on_call(
    schedule: Annotated[str, typer.Argument(help="The id of a schedule in oncall.yaml.")],
    at: Annotated[str | None, typer.Option(help="The instant, such as 2026-11-22T17:00:00Z; default now.")] = None,
    config_dir: Annotated[Path, typer.Option(help="The configuration directory.")] = Path("deploy/config"),
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say who is on call on a schedule, and why."""
    instant = datetime.now(UTC) if at is None else _instant(at)
    config = load(config_dir)
    found = _schedule(config, schedule)
    answer = resolve(plan_of(found), instant)
    if as_json:
        print(orjson.dumps(_answer(config, instant, answer)).decode())
        return
    for line in _lines(found, instant, answer):
        print(line)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 1970 <= found.year <= 2200:
        raise typer.BadParameter("--at is a time with an offset, such as 2026-11-22T17:00:00Z")
    return found.astimezone(UTC)


def _schedule(config: Configuration, name: str) -> Schedule:
    known = [schedule.id for schedule in config.oncall.schedules]
    for schedule in config.oncall.schedules:
        if schedule.id == name:
            return schedule
    raise CommandFailed(f"there is no schedule {name!r} in oncall.yaml; it has {', '.join(known) or 'none'}")


def _answer(config: Configuration, at: datetime, answer: OnCall) -> dict[str, Any]:
    upcoming = answer.upcoming
    return {
        "at": format_instant(at),
        "responder": answer.responder,
        "source": answer.source,
        "until": format_instant(answer.until) if answer.until else None,
        "next": {"responder": upcoming.responder, "start": format_instant(upcoming.start)} if upcoming else None,
        "config_version": config.version,
        "tzdata_version": tzdata_version(),
    }


def _lines(schedule: Schedule, at: datetime, answer: OnCall) -> list[str]:
    def local(instant: datetime) -> str:
        return instant.astimezone(ZoneInfo(schedule.time_zone)).isoformat(sep=" ", timespec="minutes")

    who = answer.responder or "nobody"
    because = f" by {answer.source}" if answer.source else ""
    until = f", until {local(answer.until)}" if answer.until else ""
    lines = [f"{who} is on call on {schedule.id} at {local(at)}{because}{until}"]
    if answer.upcoming:
        lines.append(f"next: {answer.upcoming.responder}, from {local(answer.upcoming.start)}")
    lines.append(f"overrides are not in the configuration; a running notifier knows them ({schedule.time_zone})")
    return lines
