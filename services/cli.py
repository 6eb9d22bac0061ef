"""The command `tocsin`: finds the command that was asked for, loads it alone, and turns errors into exit codes.

Exit codes: 0 done, 1 the work failed, 2 wrong usage, 130 interrupted. Errors are one or two lines on stderr.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command as compile_command

from services.commands import COMMANDS, Command
from shared.errors import TocsinError

INTERRUPTED = 130
_BY_NAME = {command.name: command for command in COMMANDS}


def load(command: Command) -> Any:
    """Import the command's module and give the command that typer makes of its function or `Typer`."""
    module, _, attribute = command.target.partition(":")
    target = getattr(importlib.import_module(module), attribute)
    if not isinstance(target, typer.Typer):
        function, target = target, _plain_app()
        target.command(command.name)(function)
    target.rich_markup_mode = None
    compiled = compile_command(target)
    compiled.name = command.name
    compiled.help = compiled.help or command.help
    return compiled


class LazyGroup(TyperGroup):
    """The group of all commands, which knows their names and imports only the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is typer's
        return list(_BY_NAME)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the signature is typer's
        command = _BY_NAME.get(cmd_name)
        return None if command is None else load(command)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature is typer's
        with formatter.section("Commands"):
            formatter.write_dl([(command.name, command.help) for command in COMMANDS])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `tocsin` with `arguments` (those of the process by default) and exit."""
    try:
        result = compile_command(_root())(args=arguments, prog_name="tocsin", standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except TyperException as error:
        code = _refuse(error)
    except TocsinError as error:
        code = _fail(str(error))
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        code = 1
    except Exception as error:
        if os.environ.get("TOCSIN_LOG_LEVEL", "").lower() == "debug":
            raise
        code = _fail(f"unexpected {type(error).__name__}: {error} (TOCSIN_LOG_LEVEL=debug shows where)")
    sys.exit(code)


def _refuse(error: TyperException) -> int:
    """Say what is wrong with the command line, and where its help is."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "tocsin"
    message = " ".join(error.format_message().split())
    typer.echo(f"{path}: {message}\nTry '{path} --help'.", err=True)
    return error.exit_code


def _fail(message: str) -> int:
    typer.echo(f"tocsin: {message}", err=True)
    return 1


def _root() -> typer.Typer:
    root = _plain_app(cls=LazyGroup, help="Watches over safety escalations: routing, clocks and pages.")
    root.callback()(_nothing)
    return root


def _nothing() -> None:
    """A callback makes typer build a group."""


def _plain_app(**options: Any) -> typer.Typer:
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, **options)


if __name__ == "__main__":
    main()
