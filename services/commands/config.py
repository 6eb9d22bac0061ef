"""`tocsin config check DIR` and `tocsin keys new --principal ID`: what the configuration needs, without a server."""

import hashlib
import secrets
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from pydantic import TypeAdapter, ValidationError

from services.commands import CommandFailed
from shared.config.base import Id
from shared.config.channels import references_of
from shared.config.faults import ConfigFaults
from shared.config.loading import load
from shared.config.models import Configuration
from shared.config.secrets import SecretUnavailable, resolve

KEY_BYTES = 32

config = typer.Typer(help="Check a configuration directory.")
keys = typer.Typer(help="Make a new key for a principal.")

Json = Annotated[bool, typer.Option("--json", help="Answer for a program.")]


@config.callback()
def _config() -> None:
    """Check a configuration directory."""


@keys.callback()
def _keys() -> None:
    """Make a new key for a principal."""


@config.command("check")
def check(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the seven files are.")],
    as_json: Json = False,
) -> None:
    """Validate the whole configuration; every fault is named as file:line. Exit 1 on any."""
    if not directory.is_dir():
        raise CommandFailed(f"{directory} is no directory; name the one with the seven files, such as deploy/config")
    try:
        found = load(directory, strictly=True)
    except ConfigFaults as error:
        _show_faults(error, as_json=as_json)
        count = len(error.faults)
        raise CommandFailed(
            f"{count} fault{'s' if count > 1 else ''} in {directory}; put right, then check again"
        ) from None
    _show_valid(directory, found, as_json=as_json)


@keys.command("new")
def new(
    principal: Annotated[str, typer.Option(help="The id of the principal in access.yaml.")], as_json: Json = False
) -> None:
    """Print a new key, once, and the hash line for access.yaml."""
    try:
        TypeAdapter(Id).validate_python(principal)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise typer.BadParameter(message, param_hint="--principal") from None
    key = f"tocsin_{secrets.token_urlsafe(KEY_BYTES)}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    if as_json:
        _print_json({"principal": principal, "key": key, "key_sha256": digest})
        return
    typer.echo(f"The key of {principal}, shown this once:\n\n  {key}\n")
    typer.echo(f'Its hash, for {principal} in access.yaml:\n\n  key_sha256: ["{digest}"]')


def _show_faults(error: ConfigFaults, *, as_json: bool) -> None:
    if as_json:
        faults = [{"file": f.file, "line": f.line, "path": f.path, "message": f.message} for f in error.faults]
        _print_json({"valid": False, "faults": faults})
        return
    for fault in error.faults:
        typer.echo(str(fault))


def _show_valid(directory: Path, found: Configuration, *, as_json: bool) -> None:
    notes = _notes(found)
    if as_json:
        _print_json({"valid": True, "version": found.version, "faults": [], "notes": notes})
        return
    counts = (
        f"{len(found.taxonomy.policy_areas)} policy areas, {len(found.roster.specialists)} specialists, "
        f"{sum(clock.enabled for clock in found.sla.regulatory)} legal clocks, {len(found.oncall.schedules)} schedules"
    )
    typer.echo(f"{directory} is valid (version {found.version}): {counts}")
    for note in notes:
        typer.echo(f"note: {note}", err=True)


def _notes(found: Configuration) -> list[str]:
    """What is no fault here, but will be needed where the services run."""
    notes = []
    for channel in found.channels.channels:
        for reference in references_of(channel):
            try:
                resolve(reference)
            except SecretUnavailable as error:
                notes.append(f"channels.yaml: {channel.id}: {error}")
    return notes


def _print_json(answer: Any) -> None:
    typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
