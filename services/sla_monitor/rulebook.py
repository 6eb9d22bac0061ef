"""Rules by version: those in force, and those that cases were pinned to, kept in the database.

Consumes the configuration in force. A version is that of the configuration; where calendars close holidays, also
that of the holidays as this process's library has them, so that another library is another definition.
"""

import hashlib
from collections.abc import Iterable
from typing import Protocol

from services.sla_monitor.definitions import Rules, Sources, rules_of
from services.sla_monitor.store import rules as store
from shared.config.holidays import kept, library_version
from shared.config.models import Configuration
from shared.config.sla import SlaConfig
from shared.db import Database
from shared.tzdata import tzdata_version


class InForce(Protocol):
    """Knows the configuration in force; a `ConfigHolder` does."""

    @property
    def current(self) -> Configuration:
        """Whole and valid."""


class Rulebook:
    """Prepared rules of every version met so far; a version is stored before any case is pinned to it."""

    def __init__(self, db: Database, config: InForce) -> None:
        self._db = db
        self._config = config
        self._latest: tuple[Configuration, Rules] | None = None
        self._known: dict[str, Rules] = {}
        self._kept: set[str] = set()

    @property
    def latest(self) -> Rules:
        """The rules in force."""
        current = self._config.current
        if self._latest is None or self._latest[0] is not current:
            rules = current_rules(current)
            self._latest = current, self._known.setdefault(rules.version, rules)
        return self._latest[1]

    def get(self, version: str) -> Rules:
        """The rules of a version that was made `ready`; one that nobody stored is judged by those in force."""
        return self._known.get(version) or self.latest

    async def ready(self, versions: Iterable[str]) -> None:
        """Read the versions that this process has not met. One that is not stored stays unknown."""
        missing = set(versions) - self._known.keys()
        if missing:
            async with self._db.connection() as connection:
                found = await store.read(connection, missing)
            self._known |= {version: _kept_rules(version, one) for version, one in found.items()}

    async def keep_latest(self) -> Rules:
        """The rules in force, stored: a case may be pinned to them."""
        latest = self.latest
        if latest.version not in self._kept:
            async with self._db.connection() as connection:
                await store.keep(connection, latest.version, self._config.current.sla, latest.sources)
            self._kept.add(latest.version)
        return latest


def current_rules(configuration: Configuration) -> Rules:
    """The rules of a configuration with the time zones and holidays that this process has."""
    sources = _sources(configuration.sla)
    return rules_of(_version(configuration.version, sources), configuration.sla, sources)


def _sources(config: SlaConfig) -> Sources:
    regions = {spec.holidays for spec in config.calendars.values()} - {None}
    return Sources(
        zone_data=tzdata_version(),
        library=library_version() if regions else None,
        holidays={region: kept(region) for region in sorted(filter(None, regions))},
    )


def _version(configuration: str, sources: Sources) -> str:
    if not sources.holidays:
        return configuration
    dates = ";".join(f"{region}:{','.join(map(str, known.dates))}" for region, known in sources.holidays.items())
    return f"{configuration}.{hashlib.sha256(dates.encode()).hexdigest()[:6]}"


def _kept_rules(version: str, stored: store.Kept) -> Rules:
    sources = Sources(zone_data=tzdata_version(), library=stored.library, holidays=stored.holidays)
    return rules_of(version, stored.config, sources)
