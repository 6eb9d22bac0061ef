"""Which database an operator's command works on, and in whose name.

`--database-url`, else TOCSIN_DATABASE_URL or TOCSIN_DATABASE_URL_FILE, else the database of the stack that runs
in `--data-dir`. A command works on every service whose schema is there: one database may hold all four, or one.
"""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from services.commands import CommandFailed
from services.stack.state import running_stack
from shared.contracts.vocabulary import ServiceName
from shared.db import Database
from shared.db.schemas import opened, present
from shared.errors import Transient
from shared.settings import Settings

VARIABLE = "TOCSIN_DATABASE_URL"
EXAMPLE = "postgresql://user:password@host:5432/tocsin"
Result = TypeVar("Result")
Databases = Mapping[ServiceName, Database]
Work = Callable[[Databases], Awaitable[Result]]

DatabaseUrlOption = Annotated[
    str | None,
    typer.Option("--database-url", help=f"Database to work on; default: {VARIABLE}, else the running stack's."),
]
ByOption = Annotated[str | None, typer.Option("--by", help="Who acts, for the audit; default: the user of this shell.")]


def find_database(url: str | None, data_dir: Path) -> str:
    """The URL that the options, the environment or the running stack name; `CommandFailed` with the remedy."""
    if url:
        return url
    if os.environ.get(VARIABLE) or os.environ.get(f"{VARIABLE}_FILE"):
        return Settings.from_environment().database_url
    stack = running_stack(data_dir) or {}
    found = (stack.get("postgres") or {}).get("url")
    if not found:
        raise CommandFailed(
            f"no database: no stack runs in {data_dir}, and {VARIABLE} is not set\n"
            "Give --database-url, set the variable, or name the data directory of the running stack with --data-dir."
        )
    return str(found)


def actor(by: str | None) -> str:
    """The name under which an act is audited."""
    if by:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return f"uid {os.getuid()}"


def work_on(url: str, work: Work[Result], *, services: tuple[ServiceName, ...] = tuple(ServiceName)) -> Result:
    """Run `work` with a pool for each of `services` that is there; `CommandFailed` when none is, or none answers."""
    return asyncio.run(_work_on(url, work, services))


async def _work_on(url: str, work: Work[Result], services: tuple[ServiceName, ...]) -> Result:
    try:
        schemas = await _present(url, services)
        async with opened(url, schemas) as pools:
            return await work({ServiceName(schema): pool for schema, pool in pools.items()})
    except Transient as error:
        raise CommandFailed(f"{error}\nSee that PostgreSQL runs and that the database's URL leads to it.") from None


async def _present(url: str, services: tuple[ServiceName, ...]) -> list[str]:
    try:
        schemas = await present(url, [service.value for service in services])
    except ValueError as error:  # a URL that is none
        raise CommandFailed(f"the database's URL cannot be used: {error}\nGive one such as {EXAMPLE}.") from None
    if not schemas:
        missing = f"the database holds no schema of {', '.join(services)}"
        raise CommandFailed(f"{missing}\nRun `tocsin migrate`, or give another --database-url.")
    return schemas
