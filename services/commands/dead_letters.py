"""`tocsin dead-letters list|show|replay|discard`: what services have set aside, and what is to become of it.

Marks in the database what the services then carry out: whoever holds the partition takes the record again, and
what is parked behind it. Every act is audited.
"""

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from services.commands import CommandFailed
from services.commands.database import ByOption, Databases, DatabaseUrlOption, actor, find_database, work_on
from services.commands.letter_view import Found, as_json, line, page
from services.commands.target import DEFAULT_DATA_DIR, DataDirOption, JsonOption
from shared import audit
from shared.bus import dead_letters as store
from shared.bus.dead_letters import Choice, LetterState, Listed
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ActorKind, ServiceName, Topic
from shared.db import Database, Tx
from shared.errors import PermanentReason

WAITING_SHOWN = 50
UNSETTLED = (LetterState.OPEN, LetterState.REPLAYING)

dead_letters = typer.Typer(help="Events that were set aside: list them, look at one, replay or discard them.")

ServiceOption = Annotated[ServiceName | None, typer.Option("--service", help="Only what this service set aside.")]
ReasonOption = Annotated[PermanentReason | None, typer.Option("--reason", help="Only what was set aside for this.")]
TopicOption = Annotated[Topic | None, typer.Option("--topic", help="Only events of this topic.")]
IdArgument = Annotated[UUID, typer.Argument(metavar="ID", help="The dead letter, as `list` shows it.")]
SomeIdArgument = Annotated[UUID | None, typer.Argument(metavar="[ID]", help="The dead letter; or --all.")]
AllOption = Annotated[bool, typer.Option("--all", help="All that fit --service, --reason and --topic.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
StateOption = Annotated[
    list[LetterState] | None, typer.Option("--state", help="Only these; default: open and replaying.")
]
Mark = Callable[[Tx, Choice], Awaitable[list[Listed]]]


@dead_letters.command("list")
def list_letters(
    service: ServiceOption = None,
    state: StateOption = None,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many a service.")] = 1000,
    database_url: DatabaseUrlOption = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    json: JsonOption = False,
) -> None:
    """List what was set aside, oldest first, with how many events are parked behind each."""
    choice = Choice(states=state or UNSETTLED, reason=reason, topic=topic and topic.value)
    found = work_on(
        find_database(database_url, data_dir), lambda dbs: _listed(dbs, choice, limit), services=_chosen(service)
    )
    if json:
        _print_json([as_json(letter) for letter in found])
        return
    for letter in found:
        typer.echo(line(letter))
    typer.echo(f"{len(found)} dead letters" if found else "no dead letters", err=True)


@dead_letters.command()
def show(
    letter_id: IdArgument,
    service: ServiceOption = None,
    raw: Annotated[bool, typer.Option("--raw", help="With all that people wrote, and every header.")] = False,
    by: ByOption = None,
    database_url: DatabaseUrlOption = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    json: JsonOption = False,
) -> None:
    """Show one: headers, error, value, and what is parked behind it. To look at the raw record is audited.

    Several services may have set the same record aside; of those that are not settled, or of all, the first is shown.
    """
    found = work_on(
        find_database(database_url, data_dir),
        lambda dbs: _opened(dbs, letter_id, _operator(by) if raw else None),
        services=_chosen(service),
    )
    if json:
        _print_json(as_json(found, raw=raw))
    else:
        typer.echo("\n".join(page(found, raw=raw)))


@dead_letters.command()
def replay(
    letter_id: SomeIdArgument = None,
    everything: AllOption = False,
    service: ServiceOption = None,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    yes: YesOption = False,
    by: ByOption = None,
    database_url: DatabaseUrlOption = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    json: JsonOption = False,
) -> None:
    """Have open ones taken again by their service, and then what is parked behind them."""
    choice = _choice(letter_id, everything, reason, topic)
    choice = replace(choice, states=(LetterState.OPEN,))
    url, chosen = find_database(database_url, data_dir), _chosen(service)
    _confirm("Replay", url, chosen, choice, yes)
    work = _marking(store.mark_for_replay, choice, _operator(by), "dead_letter.replay")
    _tell(work_on(url, work, services=chosen), "marked; their services take them now", letter_id, json)


@dead_letters.command()
def discard(
    letter_id: SomeIdArgument = None,
    everything: AllOption = False,
    service: ServiceOption = None,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    yes: YesOption = False,
    by: ByOption = None,
    database_url: DatabaseUrlOption = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    json: JsonOption = False,
) -> None:
    """Give up some for good; what is parked behind them is taken as if they had never come."""
    choice = replace(_choice(letter_id, everything, reason, topic), states=UNSETTLED)
    url, chosen = find_database(database_url, data_dir), _chosen(service)
    _confirm("Discard", url, chosen, choice, yes)
    work = _marking(store.discard, choice, _operator(by), "dead_letter.discard")
    _tell(work_on(url, work, services=chosen), "discarded; what was parked is taken now", letter_id, json)


def _choice(letter_id: UUID | None, everything: bool, reason: PermanentReason | None, topic: Topic | None) -> Choice:
    """One by its id, or all that fit; never all by accident."""
    if (letter_id is None) != everything:
        raise typer.BadParameter("name one dead letter by its ID, or give --all (with filters, if not all are meant)")
    return Choice(ids=None if letter_id is None else [letter_id], reason=reason, topic=topic and topic.value)


def _chosen(service: ServiceName | None) -> tuple[ServiceName, ...]:
    return tuple(ServiceName) if service is None else (service,)


def _operator(by: str | None) -> Actor:
    return Actor(kind=ActorKind.PERSON, id=actor(by))


def _confirm(what: str, url: str, services: Sequence[ServiceName], choice: Choice, yes: bool) -> None:
    """Ask before many are touched; one that was named by its id is meant."""
    if yes or choice.ids is not None:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is there to be asked; give --yes")
    found = work_on(url, lambda dbs: _listed(dbs, choice, 100_000), services=tuple(services))
    parked = sum(letter.letter.parked for letter in found)
    typer.confirm(f"{what} {len(found)} dead letters, with {parked} events parked behind them?", abort=True, err=True)


async def _listed(databases: Databases, choice: Choice, limit: int) -> list[Found]:
    found: list[Found] = []
    for service, db in databases.items():
        async with db.connection() as connection:
            found += [Found(service, letter) for letter in await store.listed(connection, choice, limit=limit)]
    return sorted(found, key=lambda one: one.letter.created_at)


async def _opened(databases: Databases, letter_id: UUID, looker: Actor | None) -> Found:
    """The whole letter; with `looker` the look is audited, for it shows what people wrote."""
    found = await _listed(databases, Choice(ids=[letter_id]), limit=1)
    if not found:
        raise CommandFailed(f"no dead letter {letter_id}\n`tocsin dead-letters list` shows those that are there.")
    service, letter = min(((one.service, one.letter) for one in found), key=lambda one: one[1].state not in UNSETTLED)
    async with databases[service].transaction() as tx:
        record = await store.record(tx, letter_id)
        waiting = await store.parked(tx, letter_id, limit=WAITING_SHOWN)
        if looker is not None:
            await _audit(tx, looker, "dead_letter.read", [letter])
    return Found(service, letter, record, waiting)


def _marking(mark: Mark, choice: Choice, who: Actor, action: str) -> Callable[[Databases], Awaitable[list[Found]]]:
    async def in_one(db: Database) -> list[Listed]:
        async with db.transaction() as tx:
            marked = await mark(tx, choice)
            await _audit(tx, who, action, marked)
        return marked

    async def work(databases: Databases) -> list[Found]:
        return [Found(service, letter) for service, db in databases.items() for letter in await in_one(db)]

    return work


async def _audit(tx: Tx, who: Actor, action: str, letters: Sequence[Listed]) -> None:
    """Every act, in its own transaction."""
    await audit.record(tx, [audit.Entry(who, action, f"dead letter {one.id}", _where(one)) for one in letters])


def _where(letter: Listed) -> dict[str, Any]:
    place = {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
    return {**place, "reason": letter.reason.value}


def _tell(marked: Sequence[Found], what: str, letter_id: UUID | None, json: bool) -> None:
    if letter_id is not None and not marked:
        raise CommandFailed(
            f"no dead letter {letter_id} that this can be done to\n"
            f"`tocsin dead-letters show {letter_id}` shows its state."
        )
    if json:
        _print_json([as_json(letter) for letter in marked])
    else:
        typer.echo(f"{len(marked)} {what}")


def _print_json(value: Any) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2))
