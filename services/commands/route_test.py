"""`tocsin route-test FILE`: who would get an escalation, and why, from configuration files alone.

The code is that of the service. Everyone on shift at the given instant is available and has nothing to do.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from services.client.routing_words import routing
from services.client.words import spaced
from services.commands import CommandFailed
from services.commands.escalation_file import read_items
from services.router import enquiry
from services.router.rounds import Desk
from services.router.rules import Rules
from shared.config.loading import load
from shared.contracts.escalation import Escalation
from shared.contracts.scalars import Instant, format_instant
from shared.contracts.views import CandidateView, DecisionView

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


def route_test(
    file: Annotated[str, typer.Argument(help="An escalation as JSON; - reads standard input.")],
    at: Annotated[str | None, typer.Option(help="RFC 3339 with offset; none: now.")] = None,
    config_dir: Annotated[Path, typer.Option(help="Where the seven files are.")] = Path("deploy/config"),
    as_json: Annotated[bool, typer.Option("--json", help="The decision as JSON for a program to read.")] = False,
) -> None:
    """Explain who would get an escalation, and why."""
    now = datetime.now(UTC) if at is None else _instant(at)
    rules = Rules.of(load(config_dir))
    escalation = _escalation(file)
    for field, message in enquiry.faults(escalation, rules, now):
        raise CommandFailed(f"{file}: {field}: {message}")
    decision = enquiry.decide(escalation, Desk.of(rules).idle_floor(now))
    if as_json:
        typer.echo(decision.model_dump_json(indent=2))
        return
    for line in _lines(escalation, decision, rules):
        typer.echo(line)


def _instant(text: str) -> datetime:
    try:
        return _INSTANT.validate_python(text)
    except ValidationError as error:
        raise typer.BadParameter(_message(error), param_hint="--at") from None


def _escalation(file: str) -> Escalation:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}; give a file that holds an escalation, or -") from None
    items = read_items(data)
    if len(items) != 1:
        raise CommandFailed(f"{file} holds {len(items)} escalations; route-test explains one")
    try:
        return Escalation.model_validate_json(items[0].content)
    except ValidationError as error:
        raise CommandFailed(f"{file}: {_message(error)}") from None


def _message(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return ": ".join(filter(None, (where, first["msg"].removeprefix("Value error, "))))


def _lines(escalation: Escalation, decision: DecisionView, rules: Rules) -> list[str]:
    severity = escalation.severity or rules.severity(escalation.policy_area)
    asked = f"{spaced(escalation.policy_area)}, {severity}, {escalation.language}, {escalation.region}"
    lines = [f"{asked}, at {format_instant(decision.decided_at)}", "", *routing(decision)]
    if decision.candidates:
        lines += ["", "candidates", *map(_candidate, decision.candidates)]
    if decision.excluded_by:
        lines += ["", "excluded"]
        lines += [f"  {who:<12} {', '.join(map(spaced, why))}" for who, why in sorted(decision.excluded_by.items())]
    return [*lines, "", f"weights {decision.weights_version}, configuration {decision.config_version}"]


def _candidate(candidate: CandidateView) -> str:
    parts = candidate.parts.model_dump().items()
    counted = "  ".join(f"{spaced(name)} {value:+.4f}" for name, value in parts if value)
    return f"  {candidate.specialist:<12} {candidate.score:8.4f}  {counted}"
