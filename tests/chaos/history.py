"""The callers' log: what was asked of Tocsin and what it answered, one NDJSON line a call.

Each line is flushed before the next call is made, so that whoever writes may die at any moment. A call without an
answer (time-out, broken connection) is written as `unknown`: it may or may not have been carried out.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO


class Kind(StrEnum):
    """What kind of call it was."""

    ESCALATION = "escalation"
    COMMAND = "command"
    ACCEPT = "accept"
    DECLINE = "decline"
    PRESENCE = "presence"
    PAGE_ACK = "page_ack"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call. `status` is None where no answer came; `answer` holds only what the checker reads of it.

    `subject` is what the call is about: the case, assignment or page id; empty for an escalation.
    """

    kind: Kind
    name: str
    principal: str
    started: datetime
    ended: datetime
    key: str = ""
    subject: str = ""
    external_id: str = ""
    status: int | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def taken(self) -> bool:
        """Whether Tocsin said that it is durably stored."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def unknown(self) -> bool:
        """Whether nobody can tell from the answer."""
        return self.status is None

    def line(self) -> str:
        """The call as one line of JSON."""
        return json.dumps(asdict(self), default=_plain, separators=(",", ":"))

    @classmethod
    def of_line(cls, line: str) -> Self:
        """The call of a line that `line` wrote."""
        values = json.loads(line)
        instants = {name: datetime.fromisoformat(values[name]) for name in ("started", "ended")}
        return cls(**(values | instants | {"kind": Kind(values["kind"])}))


class Log:
    """Appends calls to a file; a context manager that closes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, call: Call) -> None:
        """Append one call, flushed."""
        self._file.write(call.line() + "\n")
        self._file.flush()

    def close(self) -> None:
        """Nothing more is written."""
        self._file.close()


def read(path: Path) -> list[Call]:
    """Every call of a log, in order; a last line that was cut off is left out."""
    return list(_calls(path.read_text(encoding="utf-8"))) if path.exists() else []


def now() -> datetime:
    """The wall clock, as the log has it."""
    return datetime.now(UTC)


def _calls(text: str) -> Iterator[Call]:
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):
            yield Call.of_line(line)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
