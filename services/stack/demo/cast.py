"""Who plays: the principals for which `tocsin up` makes development keys, and where the demo finds those keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from shared.errors import TocsinError

KEYS_FILE = "demo-keys.json"
LEAD = "developer"


class NotReady(TocsinError):
    """The stack has not left what the demo needs; the message says what is missing."""


@dataclass(frozen=True)
class Keys:
    """The bearer key of each principal that plays; whoever has none is spoken for by the lead."""

    lead: str
    others: Mapping[str, str]

    def of(self, principal: str | None) -> str:
        """The key with which `principal` speaks."""
        return self.others.get(principal or LEAD, self.lead)


def read_keys(data_dir: Path, token_file: Path) -> Keys:
    """The lead's key from `token_file`, the others from `demo-keys.json` (`{principal: key}`)."""
    path = data_dir / KEYS_FILE
    try:
        others = orjson.loads(path.read_bytes()) if path.exists() else {}
        return Keys(lead=token_file.read_text(encoding="utf-8").strip(), others=others)
    except (OSError, ValueError) as error:
        raise NotReady(f"cannot read the development keys in {data_dir} ({error}); start `tocsin up` again") from None
