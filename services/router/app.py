"""Composition root of the router: consumes cases and clocks, emits assignments, serves routing."""

from services.router.api import routes
from services.router.commands import Commands
from services.router.handlers import TOPICS, Handlers
from services.router.matcher import Matcher
from services.router.metrics import RouterMetrics
from services.router.offers import LIMIT, Offers
from services.router.rulebook import Rulebook
from services.router.store import protection
from shared.bus.consumer import Consumer
from shared.bus.relay import Relay
from shared.bus.room import Bound, Room
from shared.components.component import Component
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ServiceName
from shared.db.timers import Sweeper
from shared.http.server import create_app
from shared.protection.arriving import FOLLOWER, Arriving
from shared.protection.retention import RetentionJob
from shared.runtime.composition import Service
from shared.runtime.resources import Resources
from shared.settings import Settings

NAME = ServiceName.ROUTER.value
SHIFTS_INTERVAL = 1.0
"""Seconds between looks for shifts that are over."""


def build(settings: Settings, resources: Resources) -> Service:
    """The service, ready to start."""
    db, clock = resources.db, resources.clock
    rulebook = Rulebook(resources.config)
    metrics = RouterMetrics.of(resources.metrics)
    metrics.refresh_from(db, resources.metrics)
    relay = Relay(db, settings.kafka, NAME, resources.metrics, clock)
    matcher = Matcher(db, rulebook, clock, metrics, announce=relay.wake)
    resources.config.subscribe(lambda _: matcher.wake())

    def committed() -> None:
        relay.wake()
        matcher.wake()

    offers = Offers(db, rulebook, clock, after_commit=committed)
    handlers = Handlers(db, rulebook)
    consumer = Consumer(
        db,
        settings.kafka,
        NAME,
        TOPICS,
        handlers,
        resources.metrics,
        clock,
        after_commit=committed,
        set_aside=Arriving(FOLLOWER),
    )
    room = Room(db, clock, Bound(settings.outbox_limit, settings.outbox_limit_bytes))
    components: list[Component] = [
        relay,
        room,
        matcher,
        Sweeper("offers", offers.expire, limit=LIMIT, clock=clock),
        Sweeper("shifts", offers.take_back, interval=SHIFTS_INTERVAL, limit=LIMIT, clock=clock),
        RetentionJob(
            db,
            resources.config,
            clock,
            Actor.system(NAME),
            protection.remove,
            ("report_text", protection.erase_due),
            protection.erase,
        ),
        consumer,
    ]
    api = create_app(service=NAME, title="Tocsin router", resources=resources, components=components)
    commands = Commands(db, rulebook, committed=committed, require_room=room.require)
    api.include_router(routes(db, rulebook, commands))
    return Service(NAME, api, components, resources)
