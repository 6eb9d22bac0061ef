"""`tocsin sla-due`: the clock calculator alone, from sla.yaml, without a server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from services.commands import CommandFailed
from services.sla_monitor.definitions import rules_of
from services.sla_monitor.preview import LONGEST_VIEW, Answer, Question, Refused, calculate
from services.sla_monitor.preview_shapes import PreviewQuestion, answer_of, question_of
from shared.config.calendars import CalendarSpec
from shared.config.holidays import library_version
from shared.config.loading import load
from shared.config.sla import SlaConfig
from shared.contracts.scalars import format_duration, format_instant
from shared.tzdata import tzdata_version

_OPTIONS = {"target": "--target", "calendar": "--calendar", "start": "--start"}


def sla_due(
    target: Annotated[str, typer.Option(help="How long: ISO 8601 (PT4H) or seconds.")],
    calendar: Annotated[str | None, typer.Option(help="A calendar of sla.yaml; none: around the clock.")] = None,
    start: Annotated[str | None, typer.Option(help="RFC 3339 with offset; none: now.")] = None,
    config_dir: Annotated[Path, typer.Option(help="Where the seven files are.")] = Path("deploy/config"),
    as_json: Annotated[bool, typer.Option("--json", help="Answer for a program.")] = False,
) -> None:
    """Calculate when a target falls due, and when its thresholds are reached."""
    sla = load(config_dir).sla
    asked = question(target, calendar, start, sla)
    try:
        answer = calculate(asked)
    except Refused as refused:
        raise CommandFailed(refused.message) from None
    if as_json:
        typer.echo(answer_of(answer).model_dump_json(indent=2))
        return
    for line in (*_lines(answer, asked.start, calendar), *_rests_on(sla.calendars.get(calendar or ""))):
        typer.echo(line)


def question(target: str, calendar: str | None, start: str | None, sla: SlaConfig) -> Question:
    """The question of the options, with the thresholds of sla.yaml."""
    now = datetime.now(UTC)
    asked: dict[str, Any] = {
        "target": float(target) if target.replace(".", "", 1).isdecimal() else target,
        "calendar": calendar,
        "start": now if start is None else start,
        "thresholds": sla.warn.percents,
    }
    try:
        shape = PreviewQuestion.model_validate(asked)
        present = now if now - shape.start <= LONGEST_VIEW else shape.start  # of long ago, only due is asked for
        return question_of(shape, rules_of("", sla), present=present)
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        raise typer.BadParameter(message, param_hint=_OPTIONS.get(str(first["loc"][0]))) from None
    except Refused as refused:
        raise typer.BadParameter(refused.message, param_hint=_OPTIONS.get(refused.field)) from None


def _lines(answer: Answer, start: datetime, calendar: str | None) -> list[str]:
    hours = "around the clock" if calendar is None else f"in the hours of {calendar}"
    lines = [f"start  {format_instant(start)}", f"target {format_duration(answer.elapsed + answer.remaining)} {hours}"]
    for percent, at in [*answer.thresholds, (100, answer.due_at)]:
        label = "due   " if percent == 100 else f"{percent:>3} %  "
        lines.append(f"{label} {'never' if at is None else f'{format_instant(at)}  {_after(at - start)}'}")
    return lines


def _rests_on(calendar: CalendarSpec | None) -> list[str]:
    """What beside the file decides when a calendar is open: the data of zones and of holidays."""
    if calendar is None:
        return []
    closed = "" if calendar.holidays is None else f", holidays of {calendar.holidays} by {library_version()}"
    return [f"by     time zone database {tzdata_version()}{closed}"]


def _after(wait: timedelta) -> str:
    """How long after the start, on the wall: `1 day 2:30:00 later`."""
    return f"{wait} later"
