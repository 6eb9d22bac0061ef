"""Between rows and the shapes that decide: both ways by the names of the columns."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from services.notifier.delivery import Attempt
from services.notifier.pages import Page
from shared.db import Row

PAGE_COLUMNS = ", ".join(field.name for field in fields(Page))
ATTEMPT_COLUMNS = ", ".join(field.name for field in fields(Attempt))
"""Named one by one wherever rows are inserted: a column of a later version keeps its default."""

_PAGE = TypeAdapter(Page)
_ATTEMPT = TypeAdapter(Attempt)


def page_of(row: Row) -> Page:
    """The page of a row of `page`."""
    return _PAGE.validate_python(dict(row))


def attempt_of(row: Row) -> Attempt:
    """The attempt of a row of `attempt`."""
    return _ATTEMPT.validate_python(dict(row))


def rows_of(items: Iterable[Any]) -> bytes:
    """Dataclasses as one JSON array of rows, for `jsonb_populate_recordset`."""
    return orjson.dumps(list(items), default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: object) -> str:
    if isinstance(value, UUID):  # the driver has a class of its own
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a row")
