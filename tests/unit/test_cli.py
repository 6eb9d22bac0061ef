"""The command line: exit codes, errors of one or two lines, and nothing loaded that is not asked for."""

import subprocess
import sys
from types import ModuleType

import pytest

from services import cli
from services.commands import COMMANDS, Command, CommandFailed
from shared.errors import Permanent, PermanentReason


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A command `try` whose function a test sets."""
    module = ModuleType("tried")
    monkeypatch.setitem(sys.modules, "tried", module)
    monkeypatch.setitem(cli._BY_NAME, "try", Command("try", "tried:function", "Try."))
    return module


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (CommandFailed("the door is shut; open it"), 1, "tocsin: the door is shut; open it\n"),
        (Permanent(PermanentReason.INVALID, "no"), 1, "tocsin: no\n"),
        (KeyboardInterrupt(), 130, ""),
        (
            ZeroDivisionError("by nought"),
            1,
            "tocsin: unexpected ZeroDivisionError: by nought (TOCSIN_LOG_LEVEL=debug shows",
        ),
    ],
)
def test_errors_become_exit_codes_and_short_messages(
    command: ModuleType, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    def function() -> None:
        raise error

    command.function = function  # type: ignore[attr-defined]
    assert run("try") == code
    assert capsys.readouterr().err.startswith(said)


def test_a_command_that_returns_is_done(command: ModuleType) -> None:
    command.function = lambda: None  # type: ignore[attr-defined]
    assert run("try") == 0


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["run"], ["run", "kitchen"], ["up", "--base-port", "no"], ["topics"]]
)
def test_wrong_usage_is_two_lines_that_point_to_the_help(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("--help'.")


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    shown = capsys.readouterr().out
    assert all(command.name in shown and command.help in shown for command in COMMANDS)


def test_every_command_can_be_loaded_and_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        assert run(command.name, "--help") == 0
        assert f"Usage: tocsin {command.name}" in capsys.readouterr().out


def test_running_one_service_loads_nothing_of_the_others() -> None:
    look = """
import sys
import services.commands.stack, services.intake.app
strangers = ("services.router", "services.sla_monitor", "services.notifier", "alembic", "jgo")
print([name for name in sys.modules if name.startswith(strangers)])
"""
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
