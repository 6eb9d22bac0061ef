"""Composition root of sla_monitor."""

from services.sla_monitor.api import routes
from services.sla_monitor.caseload import Caseload
from services.sla_monitor.firing import LIMIT, Firing
from services.sla_monitor.handlers import TOPICS, Handlers
from services.sla_monitor.metrics import MonitorMetrics
from services.sla_monitor.recomputation import Recomputation
from services.sla_monitor.rulebook import Rulebook
from services.sla_monitor.store import protection
from shared.bus.consumer import Consumer
from shared.bus.relay import Relay
from shared.components.component import Component
from shared.components.crash import crash_point
from shared.components.loops import Loop
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ServiceName
from shared.db.timers import Sweeper
from shared.http.server import create_app
from shared.protection.arriving import FOLLOWER, Arriving
from shared.protection.retention import RetentionJob
from shared.runtime.resources import Resources
from shared.runtime.service import Service
from shared.settings import Settings

NAME = ServiceName.SLA_MONITOR.value
RECONSIDER_EVERY = 30.0
"""Seconds; a configuration that is taken up wakes the look at once."""


def build(settings: Settings, resources: Resources) -> Service:
    """The service, ready to start."""
    db, clock = resources.db, resources.clock
    rulebook = Rulebook(db, resources.config)
    caseload = Caseload(db, rulebook)
    relay = Relay(db, settings.kafka, NAME, resources.metrics, clock)
    firing = Firing(db, caseload, MonitorMetrics(resources.metrics, db), after_commit=relay.wake, reach=crash_point)
    sweeper = Sweeper("timers", firing.sweep, limit=LIMIT, clock=clock)
    waiting = Loop("waiting cases", firing.reconsider, interval=RECONSIDER_EVERY, clock=clock)
    resources.config.subscribe(lambda _: waiting.wake())

    recomputation = Recomputation(db, caseload, Actor.system(NAME), after_commit=relay.wake)
    zones = Loop("time zones", recomputation.follow_zone_data, interval=RECONSIDER_EVERY, clock=clock)

    consumer = Consumer(
        db,
        settings.kafka,
        NAME,
        TOPICS,
        Handlers(caseload),
        resources.metrics,
        clock,
        after_commit=relay.wake,
        set_aside=Arriving(FOLLOWER),
    )
    retention = RetentionJob(db, resources.config, clock, Actor.system(NAME), protection.remove, erase=protection.erase)
    components: list[Component] = [relay, sweeper, waiting, zones, retention, consumer]
    api = create_app(service=NAME, title="Tocsin sla_monitor", resources=resources, components=components)
    api.include_router(routes(db, rulebook))
    return Service(NAME, api, components, resources)
