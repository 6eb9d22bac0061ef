"""Rules by version: those in force, and those that cases were pinned to, kept in the database.

Consumes the configuration in force.
"""

from collections.abc import Iterable

from services.sla_monitor.definitions import Rules, rules_of
from services.sla_monitor.store import rules as store
from shared.config.holder import ConfigHolder
from shared.db import Database


class Rulebook:
    """Prepared rules of every version met so far; a version is stored before any case is pinned to it."""

    def __init__(self, db: Database, config: ConfigHolder) -> None:
        self._db = db
        self._config = config
        self._known: dict[str, Rules] = {}
        self._kept: set[str] = set()

    @property
    def latest(self) -> Rules:
        """The rules in force."""
        current = self._config.current
        if current.version not in self._known:
            self._known[current.version] = rules_of(current.version, current.sla)
        return self._known[current.version]

    def get(self, version: str) -> Rules:
        """The rules of a version that was made `ready`; one that nobody stored is judged by those in force."""
        return self._known.get(version) or self.latest

    async def ready(self, versions: Iterable[str]) -> None:
        """Read the versions that this process has not met. One that is not stored stays unknown."""
        missing = set(versions) - self._known.keys()
        if missing:
            async with self._db.connection() as connection:
                found = await store.read(connection, missing)
            self._known |= {version: rules_of(version, config) for version, config in found.items()}

    async def keep_latest(self) -> Rules:
        """The rules in force, stored: a case may be pinned to them."""
        current, latest = self._config.current, self.latest
        if latest.version not in self._kept:
            async with self._db.connection() as connection:
                await store.keep(connection, current.version, current.sla)
            self._kept.add(latest.version)
        return latest
