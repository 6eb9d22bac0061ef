"""Which version of the IANA time zone database answers: named wherever an answer rests on it."""

import zoneinfo
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

UNKNOWN = "unknown"


@lru_cache(maxsize=1)
def tzdata_version() -> str:
    """The version of the system's database where there is one, for `zoneinfo` prefers it; else the package's."""
    for directory in zoneinfo.TZPATH:
        if (Path(directory) / "UTC").exists():
            return _version(Path(directory))
    return _version(files("tzdata") / "zoneinfo")


def _version(directory: Traversable) -> str:
    for name in ("tzdata.zi", "+VERSION"):
        file = directory / name
        if file.is_file():
            with file.open(encoding="utf-8") as lines:
                return lines.readline().removeprefix("# version").strip()
    return UNKNOWN
