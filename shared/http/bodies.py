"""Request bodies: read up to a limit, and parsed as JSON so strictly that nothing later can fail on it.

Unpaired surrogates pass the parser on purpose: the models refuse them and name the field. In the name of a field
they become readable, with a NUL behind, which the models refuse like any other unfit text.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope

from shared.http.problems import not_json, too_large, unprocessable

MEBIBYTE = 1024 * 1024
DEFAULT_LIMIT = MEBIBYTE
LIMITS: Mapping[str, int] = {"/v1/escalations/batch": 8 * MEBIBYTE}
"""Bytes by path where the limit is not the default (contract section 3)."""

MAX_DEPTH = 32
"""Objects and lists within each other."""

_LONGEST_NUMBER = 400
_SURROGATE = re.compile("[\ud800-\udfff]")


class EdgeRequest(Request):
    """A request whose body is bounded and whose JSON is strict."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        self._raw: bytes | None = None
        self._parsed: list[Any] = []

    async def body(self) -> bytes:
        """The whole body; 413 beyond the limit of the path, declared or not."""
        if self._raw is None:
            self._raw = await self._read(LIMITS.get(self.scope["path"], DEFAULT_LIMIT))
            self._body = self._raw
        return self._raw

    async def json(self) -> Any:
        """The body as JSON; 422 where it is none."""
        if not self._parsed:
            self._parsed.append(parse(await self.body()))
        return self._parsed[0]

    async def _read(self, limit: int) -> bytes:
        declared = self.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            raise too_large(limit)
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)


def require_json(headers: Mapping[str, str]) -> None:
    """415 unless the body is application/json, in UTF-8 where it says so, and not compressed."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise not_json()
    media_type, *parameters = (part.strip().lower() for part in headers.get("content-type", "").split(";"))
    charset = next((p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")), "utf-8")
    if media_type != "application/json" or charset not in ("utf-8", "utf8", "us-ascii"):
        raise not_json()


def parse(raw: bytes) -> Any:
    """The JSON value; a 422 naming `body` for what is no JSON, NaN, Infinity, or nested too deeply."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if b"\\u" not in raw:
            _refuse(str(error))
        value = _with_surrogates(raw)
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _deeper(value, MAX_DEPTH):
        _refuse(f"it is nested more than {MAX_DEPTH} levels deep")
    return value


def _deeper(value: Any, levels: int) -> bool:
    """Whether more than so many objects and lists stand within each other."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(one, levels - 1) for one in inner)


def _with_surrogates(raw: bytes) -> Any:
    """The library's parser takes unpaired surrogates, which orjson does not."""
    try:
        return json.loads(
            raw.decode(),
            parse_constant=_no_constant,
            parse_int=_whole,
            parse_float=_finite,
            object_pairs_hook=_with_readable_names,
        )
    except (ValueError, RecursionError) as error:
        _refuse("nested too deeply" if isinstance(error, RecursionError) else str(error))


def _with_readable_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {_readable(name): value for name, value in pairs}


def _readable(name: str) -> str:
    if _SURROGATE.search(name) is None:
        return name
    return name.encode(errors="backslashreplace").decode() + "\0"


def _whole(text: str) -> int | float:
    """Beyond 64 bits a float, as with orjson."""
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("a number has too many digits")
    number = int(text)
    return number if -(2**63) <= number < 2**64 else _finite(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _refuse(why: str) -> NoReturn:
    raise unprocessable(("body",), f"The body is no JSON: {why}")
