"""Copies of deploy/config for tests that change a line of it and look at what comes of that."""

import shutil
from pathlib import Path

from shared.config.faults import ConfigFaults, Fault
from shared.config.loading import load
from shared.config.models import Configuration

SHIPPED = Path(__file__).parents[2] / "deploy" / "config"


class Example:
    """A copy of the shipped configuration in a directory of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(shutil.copytree(SHIPPED, folder / "config"))

    def replace(self, name: str, old: str, new: str) -> int:
        """Put `new` for the first `old` in `<name>.yaml`; the line (from 1) on which it now stands."""
        path = self.folder / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        before, found, after = text.partition(old)
        assert found, f"{name}.yaml holds no {old!r}"
        path.write_text(before + new + after, encoding="utf-8")
        return before.count("\n") + 1 + (len(new) - len(new.lstrip("\n")))

    def append(self, name: str, text: str) -> int:
        """Add `text` to the end; the line on which it begins."""
        path = self.folder / f"{name}.yaml"
        content = path.read_text(encoding="utf-8")
        path.write_text(content + text, encoding="utf-8")
        return content.count("\n") + 1

    def load(self) -> Configuration:
        """The configuration, which must be valid."""
        return load(self.folder)

    def faults(self) -> list[Fault]:
        """All faults; none where it is valid."""
        try:
            self.load()
        except ConfigFaults as error:
            return list(error.faults)
        return []
