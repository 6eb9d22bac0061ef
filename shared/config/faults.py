"""What is wrong with a configuration: where it stands, and what would be right."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import TocsinError

Path = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Fault:
    """One fault; `path` is the place in the file, such as `specialists[2].capacity`."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: "
        return where + (f"{self.path}: {self.message}" if self.path else self.message)


class ConfigFaults(TocsinError):
    """The configuration is not valid; `faults` has all that was found, by file and line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        more = len(self.faults) - 1
        rest = f"\nand {more} more: `tocsin config check` names them all" if more else ""
        super().__init__(f"{self.faults[0]}{rest}")


def written(path: Path) -> str:
    """`("specialists", 2, "capacity")` as `specialists[2].capacity`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
