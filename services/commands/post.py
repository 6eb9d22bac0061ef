"""`tocsin post FILE|-`: posts escalations through the batch endpoint and names each one that was refused.

Posting a file again is safe: what was taken is recognised by source and external id (`duplicate`).
"""

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from services.client.caller import Caller, CallFailed, refusal_words
from services.client.words import plain
from services.commands import CommandFailed
from services.commands.escalation_file import Item, batches, read_items
from services.commands.progress import progress_bar
from services.commands.target import DataDirOption, JsonOption, TokenOption, UrlOption, find_target, reach
from shared.contracts.vocabulary import ServiceName, SubmissionStatus

LISTED = 20
NOT_SENT = "not sent"
REFUSED = "refused"
KINDS = (*SubmissionStatus, REFUSED, NOT_SENT)


@dataclass(frozen=True)
class Result:
    """What became of one escalation: the status of HTTP (0: not sent) and the body or problem."""

    item: Item
    status: int
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """accepted, grouped, duplicate, refused or not sent."""
        if self.status == 0:
            return NOT_SENT
        return str(self.body.get("status", SubmissionStatus.ACCEPTED)) if self.status < 300 else REFUSED


def post(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="JSON or one object a line; - reads standard input.")],
    url: UrlOption = None,
    token: TokenOption = None,
    data_dir: DataDirOption = Path(".tocsin"),
    as_json: JsonOption = False,
) -> None:
    """Post escalations from a file: one JSON object, an array, {"items": [...]}, or one object a line."""
    items = read_items(_read(file))
    if not items:
        raise CommandFailed(f"{file}: holds no escalation; give one JSON object, an array, or one object a line")
    target = find_target(url, token, data_dir)
    with progress_bar("posting", len(items)) as advance:
        results, trouble = reach(target, lambda caller: post_all(caller, items, advance))
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(report(results), option=orjson.OPT_APPEND_NEWLINE))
    else:
        _tell(results)
    failed = sum(result.kind in (REFUSED, NOT_SENT) for result in results)
    if failed:
        raise CommandFailed(trouble or f"{failed} of {len(items)} refused; correct those and post the file again")


async def post_all(
    caller: Caller, items: Sequence[Item], advance: Callable[[int], None]
) -> tuple[list[Result], str | None]:
    """Every item's result in order; the text is why the rest could not be sent, if so."""
    results = [Result(item, 422, {"detail": item.fault}) for item in items if item.fault]
    advance(len(results))
    trouble: str | None = None
    for batch in batches([item for item in items if not item.fault]):
        if trouble is None:
            try:
                results += await _send(caller, batch)
            except CallFailed as error:
                trouble = str(error)
        if trouble is not None:
            results += [Result(item, 0, {"detail": trouble}) for item in batch]
        advance(len(batch))
    return sorted(results, key=lambda result: result.item.index), trouble


async def _send(caller: Caller, batch: Sequence[Item]) -> list[Result]:
    content = b'{"items":[' + b",".join(item.content for item in batch) + b"]}"
    answer = await caller.post(ServiceName.INTAKE, "/v1/escalations/batch", None, content=content)
    by_index = {entry["index"]: entry for entry in answer.body["results"]}
    return [Result(item, by_index[at]["status"], by_index[at].get("body") or {}) for at, item in enumerate(batch)]


def report(results: Sequence[Result]) -> dict[str, Any]:
    """The counts, and each item's place, status and answer, for a program to read."""
    counts = Counter(result.kind for result in results)
    rows = [
        {
            "index": result.item.index,
            "place": result.item.place,
            "external_id": result.item.external_id,
            "status": result.status,
            "body": result.body,
        }
        for result in results
    ]
    return {**{kind.replace(" ", "_"): counts[kind] for kind in KINDS}, "results": rows}


def lines(results: Sequence[Result]) -> list[str]:
    """What a person reads: each case of a short file, then the counts."""
    counts = Counter(result.kind for result in results)
    taken = [result for result in results if result.status and result.status < 300]
    listed = [_taken(result) for result in taken] if len(results) <= LISTED else []
    total = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
    return [*listed, f"{len(results)} {'escalation' if len(results) == 1 else 'escalations'}: {total}"]


def refusals(results: Sequence[Result]) -> list[str]:
    """One line for each refused item: its place, its external id, and the field at fault."""
    return [_refused(result) for result in results if result.kind == REFUSED]


def _taken(result: Result) -> str:
    named = plain(result.item.external_id or result.item.place)
    return f"{result.kind:<9}  {named}  case {result.body.get('case_id', '?')}"


def _refused(result: Result) -> str:
    named = f" ({result.item.external_id})" if result.item.external_id else ""
    return plain(f"{result.item.place}{named}: {refusal_words('intake', result.status, result.body)}")


def _tell(results: Sequence[Result]) -> None:
    for line in lines(results):
        typer.echo(line)
    for line in refusals(results):
        typer.echo(line, err=True)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"cannot read {file}: {error.strerror}", param_hint="FILE") from None
