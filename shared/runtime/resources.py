"""What every service is built from: settings, clock, database, configuration, metrics, Kafka."""

from dataclasses import dataclass, field

from shared.audit.configuration import ConfigurationLog
from shared.audit.key_failures import KeyFailures
from shared.audit.sealing import sealing
from shared.clock import Clock, SystemClock
from shared.components.component import Component
from shared.config.holder import ConfigHolder
from shared.contracts.events import Actor
from shared.db import Database
from shared.db.watch import Watch
from shared.http.idempotency import forgetting
from shared.observability.metrics import Metrics
from shared.runtime.lifecycle import Lifecycle
from shared.settings import KafkaSettings, Settings

POOL_SIZE = 16


@dataclass(frozen=True)
class Resources:
    """Opened once per process by `open_resources`; passed to `build` and from there by hand."""

    service: str
    settings: Settings
    clock: Clock
    db: Database
    config: ConfigHolder
    metrics: Metrics
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    watched: tuple[Component, ...] = ()
    """What the service rests on; `/readyz` asks it too."""
    housekeeping: tuple[Component, ...] = ()
    key_failures: KeyFailures | None = None
    """Told of refused keys by the edge of the process."""

    @property
    def kafka(self) -> KafkaSettings:
        """How to reach the brokers."""
        return self.settings.kafka

    def foundation(self) -> list[Component]:
        """Components that every service has; the runner starts them first and stops them last."""
        return [self.config, *self.watched, *self.housekeeping]

    async def close(self) -> None:
        """Let go of everything; the process ends after this."""
        await self.db.close()


async def open_resources(service: str, settings: Settings) -> Resources:
    """Open them. PostgreSQL may be away; a configuration that is not valid raises `ConfigFaults`."""
    clock = SystemClock()
    metrics = Metrics(service)
    config = ConfigHolder(settings.config_dir, clock, metrics, development_access=settings.development_access)
    db = await Database.connect(
        settings.database_url, schema=service, min_size=4, max_size=POOL_SIZE, offset=settings.clock_offset
    )
    key_failures = KeyFailures(db, clock)
    configuration_log = ConfigurationLog(db, config, clock, Actor.system(service))
    return Resources(
        service=service,
        settings=settings,
        clock=clock,
        db=db,
        config=config,
        metrics=metrics,
        watched=(Watch(db, clock),),
        housekeeping=(forgetting(db, clock), sealing(db, clock, metrics), configuration_log, key_failures),
        key_failures=key_failures,
    )
