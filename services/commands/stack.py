"""`tocsin up`, `run`, `migrate` and `topics`: the commands that start things and prepare what they need.

Each imports what it runs when it is called: `run intake` loads intake and nothing of the others.
"""

import asyncio
import importlib
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from services.commands import CommandFailed
from shared.contracts.vocabulary import ServiceName
from shared.errors import Transient
from shared.settings import Settings

T = TypeVar("T")

KAFKA_AWAY = "See that Kafka runs and TOCSIN_KAFKA_BOOTSTRAP leads to it."

topics = typer.Typer(add_completion=False)

EXAMPLE = Path("deploy/config")
"""The configuration that comes with the source."""


def up(
    data_dir: Annotated[Path, typer.Option(help="Where everything of this stack is kept.")] = Path(".tocsin"),
    config_dir: Annotated[Path, typer.Option(help="The seven configuration files.")] = EXAMPLE,
    base_port: Annotated[int, typer.Option(min=1024, max=65532, help="Port of intake; the others follow.")] = 8001,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Play the demo once the stack is ready.")] = True,
) -> None:
    """Start the whole stack on this machine and supervise it until Ctrl-C."""
    from services.stack.plan import Plan
    from services.stack.up import run as run_stack

    run_stack(Plan.of(data_dir=data_dir, config_dir=_config_dir(config_dir), base_port=base_port, demo=demo))


def run(service: Annotated[ServiceName, typer.Argument(show_default=False)]) -> int:
    """Run one service in the foreground, configured by environment (what containers run)."""
    from shared.runtime.service import run as run_service

    settings = Settings.from_environment()
    return run_service(importlib.import_module(f"services.{service}.app").build, settings)


def migrate() -> None:
    """Bring the schemas of all services in TOCSIN_DATABASE_URL up to date."""
    from services.stack.histories import histories
    from shared.db.migrations import run_migrations

    work = run_migrations(Settings.from_environment().database_url, histories())
    changed = _done(work, "See that PostgreSQL runs and TOCSIN_DATABASE_URL leads to it.")
    typer.echo(f"migrated: {', '.join(changed)}" if changed else "every schema is up to date")


@topics.command()
def apply() -> None:
    """Create the topics that are missing; nothing that exists is changed."""
    from shared.bus import topics as wanted

    created = _done(wanted.apply(Settings.from_environment().kafka), KAFKA_AWAY)
    typer.echo(f"created: {', '.join(created)}" if created else "every topic is there")


@topics.command()
def diff() -> None:
    """Show what of the topics is not as it must be; exit 1 when anything is."""
    from shared.bus import topics as wanted

    differences = _done(wanted.diff(Settings.from_environment().kafka), KAFKA_AWAY)
    for difference in differences:
        typer.echo(str(difference))
    if differences:
        raise CommandFailed(
            "the topics differ; `tocsin topics apply` creates the missing, the rest is for kafka-configs"
        )
    typer.echo("every topic is as it must be")


def _done(work: Coroutine[Any, Any, T], remedy: str) -> T:
    """The result of `work`; an engine that is away becomes a message with its remedy."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it logs what the message says
    try:
        return asyncio.run(work)
    except Transient as error:
        raise CommandFailed(f"{error}\n{remedy}") from None


def _config_dir(given: Path) -> Path:
    """The example is also found from outside the checkout."""
    beside_the_code = Path(__file__).parents[2] / EXAMPLE
    return beside_the_code if given == EXAMPLE and not given.exists() else given
