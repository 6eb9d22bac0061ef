"""Composition root of notifier: consumes cases, assignments and clocks, emits pages, serves on-call and pages."""

from services.notifier.api import routes
from services.notifier.channels.registry import ChannelRegistry
from services.notifier.dispatcher import Dispatcher
from services.notifier.handlers import Handlers
from services.notifier.inbound import forgetting
from services.notifier.metrics import NotifierMetrics
from services.notifier.paging import SWEEP_LIMIT, Paging
from services.notifier.platform import PlatformWatch
from services.notifier.rulebooks import Rulebooks
from services.notifier.settings import LinkSettings
from services.notifier.store import protection
from shared.bus.consumer import Consumer
from shared.bus.relay import Relay
from shared.components.component import Component
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ServiceName, Topic
from shared.db.timers import Sweeper
from shared.http.server import create_app
from shared.protection.arriving import FOLLOWER, Arriving
from shared.protection.retention import RetentionJob
from shared.runtime.composition import Service
from shared.runtime.resources import Resources
from shared.settings import Settings

SERVICE = ServiceName.NOTIFIER.value
TOPICS = (Topic.CASES, Topic.ASSIGNMENTS, Topic.CLOCKS)

STEPS_INTERVAL = 0.05
ON_CALL_INTERVAL = 1.0


def build(settings: Settings, resources: Resources) -> Service:
    """Put the service together; nothing runs yet."""
    db, clock = resources.db, resources.clock
    rulebooks = Rulebooks(lambda: resources.config.current)
    metrics = NotifierMetrics(resources.metrics, db, rulebooks)
    links = LinkSettings.of(settings)
    relay = Relay(db, settings.kafka, SERVICE, resources.metrics, clock)
    channels = ChannelRegistry(lambda: resources.config.current, clock.now)
    dispatcher = Dispatcher(db, channels, metrics, clock, link_for=links.link_for, relay=relay.wake)

    def wake() -> None:
        relay.wake()
        dispatcher.wake()

    paging = Paging(db, rulebooks, metrics, wake=wake)
    handlers = Handlers(paging)
    consumer = Consumer(
        db,
        settings.kafka,
        SERVICE,
        TOPICS,
        handlers,
        resources.metrics,
        clock,
        after_commit=handlers.committed,
        set_aside=Arriving(FOLLOWER),
    )
    components: list[Component] = [
        relay,
        dispatcher,
        Sweeper("steps", paging.step_on, interval=STEPS_INTERVAL, limit=SWEEP_LIMIT, clock=clock),
        Sweeper("on-call changes", paging.hand_over, interval=ON_CALL_INTERVAL, limit=SWEEP_LIMIT, clock=clock),
        PlatformWatch(db, paging, rulebooks, clock),
        forgetting(db, clock),
        RetentionJob(
            db,
            resources.config,
            clock,
            Actor.system(SERVICE),
            protection.remove,
            ("report_text", protection.erase_due),
            protection.erase,
        ),
        consumer,
    ]
    api = create_app(service=SERVICE, title="Tocsin notifier", resources=resources, components=components)
    routes.add(api, db=db, paging=paging, rulebooks=rulebooks, links=links, clock=clock)
    return Service(SERVICE, api, components, resources)
