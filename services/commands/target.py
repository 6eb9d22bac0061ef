"""Which Tocsin a command speaks to: `--url` and `--token`, or the stack that runs in `--data-dir`.

With `--url` the given address is intake's. Where it names a port, the other services lie on the next three
(as `tocsin up` lays them out); where it does not, all four are behind one address.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import httpx
import typer

from services.client.caller import Caller
from services.stack.state import running_stack
from shared.clock import SystemClock
from shared.contracts.vocabulary import ServiceName
from shared.errors import TocsinError

DEFAULT_DATA_DIR = Path(".tocsin")
PATIENCE = 15.0
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
Result = TypeVar("Result")

UrlOption = Annotated[
    str | None, typer.Option("--url", envvar="TOCSIN_URL", help="Address of intake; default: the running stack's.")
]
TokenOption = Annotated[
    str | None, typer.Option("--token", envvar="TOCSIN_TOKEN", help="Key to speak with; default: the running stack's.")
]
DataDirOption = Annotated[Path, typer.Option("--data-dir", help="Data directory of the running stack.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for a program to read.")]


class NoTarget(TocsinError):
    """Neither an address was given nor does a stack run where one was looked for."""


@dataclass(frozen=True)
class Target:
    """Base URL of each service, and the key."""

    urls: dict[ServiceName, str]
    token: str


def find_target(url: str | None, token: str | None, data_dir: Path) -> Target:
    """The target that the options name; raises `NoTarget` with the remedy."""
    if url is not None and token is not None:
        return Target(_around(url), token)
    stack = _running(data_dir)
    return Target(_around(url) if url is not None else _urls(stack, data_dir), token or _token(stack, data_dir))


def reach(target: Target, work: Callable[[Caller], Awaitable[Result]], *, patience: float = PATIENCE) -> Result:
    """Run `work` with a caller for the target, who tries again for `patience` seconds, and close it afterwards."""

    async def run() -> Result:
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            return await work(Caller(target.urls, target.token, client, SystemClock(), patience=patience))

    return asyncio.run(run())


def _around(url: str) -> dict[ServiceName, str]:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise NoTarget(f"--url {url}: not an address; give one such as http://127.0.0.1:8001")
    if port is None:
        return {name: parts.geturl().rstrip("/") for name in ServiceName}
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return {name: f"{parts.scheme}://{host}:{port + place}" for place, name in enumerate(ServiceName)}


def _running(data_dir: Path) -> dict[str, Any]:
    stack = running_stack(data_dir)
    if stack is None:
        raise NoTarget(f"no stack runs in {data_dir}; start one with `tocsin up`, or give --url and --token")
    return stack


def _urls(stack: dict[str, Any], data_dir: Path) -> dict[ServiceName, str]:
    try:
        return {name: str(stack["services"][name]["url"]) for name in ServiceName}
    except (KeyError, TypeError):
        raise NoTarget(f"{data_dir / 'stack.json'} is not complete; start the stack again with `tocsin up`") from None


def _token(stack: dict[str, Any], data_dir: Path) -> str:
    path = Path(str(stack.get("token_file", data_dir / "token")))
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise NoTarget(f"cannot read the key in {path} ({error.strerror}); give one with --token") from None
