"""Lists: `{"items": [...], "next_cursor": ...}`, with opaque cursors."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel

from shared.http.problems import unprocessable

Item = TypeVar("Item")
LimitParam = Annotated[int, Query(ge=1, le=200, description="At most so many items.")]
"""Use with the default 50: `limit: LimitParam = DEFAULT_LIMIT`."""
CursorParam = Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the page before.")]
DEFAULT_LIMIT = 50
MAX_LIMIT = 200


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last."""

    items: Sequence[Item]
    next_cursor: str | None = None


def encode_cursor(*position: Any) -> str:
    """The sort key of the last item (text, numbers, instants, UUIDs) as a cursor."""
    return base64.urlsafe_b64encode(orjson.dumps(position, option=orjson.OPT_UTC_Z)).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: type) -> list[Any] | None:
    """The position, its parts as plain JSON values of these types; None without a cursor; 422 for a wrong one."""
    if cursor is None:
        return None
    try:
        position = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise _bad_cursor() from None
    if not isinstance(position, list) or (kinds and not _fits(position, kinds)):
        raise _bad_cursor()
    return position


def _fits(position: list[Any], kinds: Sequence[type]) -> bool:
    return len(position) == len(kinds) and all(isinstance(p, k) for p, k in zip(position, kinds, strict=True))


def _bad_cursor() -> Exception:
    return unprocessable(("query", "cursor"), "This is no cursor of this list; take next_cursor as it was given.")
