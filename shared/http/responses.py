"""Answers as JSON by orjson: instants in UTC with `Z`, durations ISO 8601, models by their own rules."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response

from shared.contracts.scalars import format_duration

_OPTIONS = orjson.OPT_UTC_Z


def json_bytes(content: Any) -> bytes:
    """`content` as JSON in UTF-8; unpaired surrogates, which UTF-8 cannot hold, become `?`."""
    try:
        return orjson.dumps(content, default=_plain, option=_OPTIONS)
    except TypeError:
        return orjson.dumps(_encodable(content), default=_plain, option=_OPTIONS)


def reply(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer; much faster than letting FastAPI encode a dict."""
    return Response(json_bytes(content), status, headers=headers, media_type="application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, BaseModel):
        return _encodable(_plain(value))
    if isinstance(value, Mapping):
        return {_encodable(str(name)): _encodable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    return value
