"""What an audit entry is.

Pure. An entry holds ids, names of fields and words of fixed vocabularies: never text that people wrote, a
key, an address or any other content.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class Actor(Protocol):
    """Whoever acts; the actor of an event is one."""

    @property
    def kind(self) -> str:
        """person, source, system; principal where only its id is known, unknown where not even that."""

    @property
    def id(self) -> str:
        """Of a principal, a service or the user of a shell."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `action` is `<area>.<verb>` (`case.resolve`), `subject` what it was done to (`case <id>`)."""

    actor: Actor
    action: str
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)
