"""The commands of `tocsin`: one module a command, or a few that belong together.

`COMMANDS` is the only list of them. A module is imported when its command is called and not before, so that
`tocsin run intake` loads nothing of the other services, nor the terminal's tables.

To add a command, write `services/commands/<module>.py` and keep its line below:

- a plain command is a function with typer's annotations, named in the line as `module:function`;
- a command with subcommands is a `typer.Typer()` with at least two commands or a callback, `module:app`.

A command ends by returning (exit 0), by raising `CommandFailed` (one or two lines on stderr that say what to do
next, exit 1) or `typer.BadParameter` (wrong usage, exit 2). `shared.errors.TocsinError`, which includes settings
and configuration faults, is shown like `CommandFailed`. Answers go to stdout, all else to stderr.
"""

from dataclasses import dataclass

from shared.errors import TocsinError


class CommandFailed(TocsinError):
    """The work of a command failed; the message is one or two lines and ends with what to do next."""


@dataclass(frozen=True)
class Command:
    """A command's name, where its function or `Typer` is (`module:attribute`), and its line in the help."""

    name: str
    target: str
    help: str


COMMANDS = (
    Command("up", "services.commands.stack:up", "Start the whole stack on this machine, and supervise it."),
    Command("run", "services.commands.stack:run", "Run one service in the foreground, configured by environment."),
    Command("migrate", "services.commands.stack:migrate", "Bring the database schemas up to date."),
    Command("topics", "services.commands.stack:topics", "Create the topics, or show how they differ."),
    Command("config", "services.commands.config:config", "Check a configuration directory."),
    Command("keys", "services.commands.config:keys", "Make a new key for a principal."),
    Command("post", "services.commands.post:post", "Post escalations from a file or from standard input."),
    Command("case", "services.commands.case:case", "Show one case: timeline, clocks and routing."),
    Command("watch", "services.commands.watch:watch", "Follow the open cases in a live table."),
    Command("route-test", "services.commands.route_test:route_test", "Explain who would get an escalation, and why."),
    Command("on-call", "services.commands.on_call:on_call", "Say who is on call on a schedule, and why."),
    Command("erase", "services.commands.erase:erase", "Erase the texts and personal data of cases."),
    Command("audit", "services.commands.audit:audit", "Verify the audit, or export it."),
    Command("sla-due", "services.commands.sla_due:sla_due", "Calculate when a target falls due."),
    Command("sla", "services.commands.sla:sla", "Judge open clocks anew by the configuration."),
    Command("republish", "services.commands.republish:republish", "Bring a restored database and the topics together."),
    Command(
        "dead-letters",
        "services.commands.dead_letters:dead_letters",
        "List, show, replay or discard events set aside.",
    ),
)
