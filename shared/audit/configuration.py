"""Records each change of the configuration once for all instances of a service: versions and files, never values."""

from collections.abc import Mapping
from typing import Any

from shared.audit import store
from shared.audit.entries import Actor, Entry
from shared.clock import Clock
from shared.components.loops import Loop
from shared.config.holder import ConfigHolder
from shared.db import Database

AGAIN = 3600.0
"""Seconds between looks; a configuration that is taken up wakes it at once."""

ACTION = "configuration.changed"


class ConfigurationLog(Loop):
    """Writes what is in force unless the last entry says so already, whichever instance wrote it."""

    def __init__(self, db: Database, config: ConfigHolder, clock: Clock, by: Actor) -> None:
        super().__init__("configuration log", self._look, interval=AGAIN, clock=clock)
        self._db = db
        self._config = config
        self._by = by
        self._written = ""
        config.subscribe(lambda _: self.wake())

    async def _look(self) -> None:
        config = self._config.current
        if config.version == self._written:
            return
        async with self._db.transaction() as tx:
            latest = await store.latest_configuration(tx)
            if latest is None or latest["version"] != config.version:
                detail = changed(latest, config.version, config.files)
                await store.record(tx, [Entry(self._by, ACTION, "configuration", detail)])
        self._written = config.version


def changed(before: Mapping[str, Any] | None, version: str, files: Mapping[str, str]) -> dict[str, Any]:
    """The versions before and after, the hash of each file, and which files differ (all, the first time)."""
    known: Mapping[str, str] = before["files"] if before else {}
    return {
        "before": before["version"] if before else None,
        "version": version,
        "changed": sorted(name for name, digest in files.items() if known.get(name) != digest),
        "files": dict(files),
    }
