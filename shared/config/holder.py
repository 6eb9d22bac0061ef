"""The configuration in force: read at the start, taken up again when the directory changes.

Emits `tocsin_config_last_reload_successful` and one log line for each change, taken up or refused.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog

from shared.clock import Clock
from shared.components.component import Check
from shared.components.loops import Loop
from shared.config.access import merged
from shared.config.faults import ConfigFaults
from shared.config.loading import Snapshot, load_development_access, parse, snapshot
from shared.config.models import Configuration
from shared.observability.metrics import Metrics

INTERVAL = 0.4
"""Seconds between looks. A change counts when two looks agree, and must be in force within 2 s."""

Listener = Callable[[Configuration], None]

log = structlog.get_logger(__name__)


class ConfigHolder:
    """`current` is always whole and valid; a directory that is not is refused as a whole.

    `development_access` is a further access file that only an embedded stack has.
    """

    name = "config"

    def __init__(
        self, directory: Path, clock: Clock, metrics: Metrics, *, development_access: Path | None = None
    ) -> None:
        """Read the directory now; raises `ConfigFaults`."""
        self._directory = directory
        self._development_access = development_access
        self._clock = clock
        self._listeners: list[Listener] = []
        self._successful = metrics.gauge(
            "tocsin_config_last_reload_successful", "1 when the files on disk are in force, 0 when they were refused."
        )
        files = snapshot(directory)
        self.current = self._parse(files)
        self._settled = self._seen = files.digest
        self._fault = ""
        self._successful.set(1)
        self._loop = Loop(self.name, self.look, interval=INTERVAL, clock=clock)

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with each configuration that comes into force, after `current` has changed."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Begin to watch the directory."""
        await self._loop.start()

    async def stop(self) -> None:
        """Watch no longer."""
        await self._loop.stop()

    def check(self) -> Check:
        """Ready even when a change was refused: the configuration in force is whole."""
        return Check(ok=True, detail=self._fault)

    async def look(self) -> None:
        """Take the directory up when it has changed and holds still: two looks in a row found the same."""
        files = await asyncio.to_thread(snapshot, self._directory)
        found = files.digest
        if found != self._settled and found == self._seen:
            self._settled = found
            await self._take_up(files)
        self._seen = found

    async def _take_up(self, files: Snapshot) -> None:
        try:
            configuration = await asyncio.to_thread(self._parse, files)
        except ConfigFaults as faults:
            self._refuse(faults)
            return
        self._fault = ""
        self._successful.set(1)
        self.current = configuration
        log.info("configuration taken up", version=configuration.version)
        for listener in self._listeners:
            listener(configuration)

    def _refuse(self, faults: ConfigFaults) -> None:
        self._fault = f"refused: {faults.faults[0]}"
        self._successful.set(0)
        log.error(
            "configuration refused", fault=str(faults.faults[0]), faults=len(faults.faults), kept=self.current.version
        )

    def _parse(self, files: Snapshot) -> Configuration:
        configuration = parse(files, self._clock.now().date())
        if self._development_access is None:
            return configuration
        extra = load_development_access(self._development_access)
        return replace(configuration, access=merged(configuration.access, extra))
