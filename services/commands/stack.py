"""`tocsin up`, `run`, `migrate` and `topics`: the commands that start things and prepare what they need.

Each imports what it runs when it is called: `run intake` loads intake and nothing of the others.
"""

import importlib
from typing import Annotated

import typer

from shared.contracts.vocabulary import ServiceName
from shared.settings import Settings

topics = typer.Typer(add_completion=False)


def run(service: Annotated[ServiceName, typer.Argument(show_default=False)]) -> None:
    """Run one service in the foreground, configured by environment (what containers run)."""
    from shared.runtime.service import run as run_service

    settings = Settings.from_environment()
    run_service(importlib.import_module(f"services.{service}.app").build, settings)
