"""Composition root of intake."""

from services.intake.acceptor import Acceptor
from services.intake.admission import Admission
from services.intake.api import add_routes
from services.intake.api.desk import Desk
from services.intake.api.escalations import answer_of
from services.intake.casework import PendExpiry
from services.intake.erasing import erase_due
from services.intake.handlers import TOPICS, handle
from services.intake.metrics import IntakeMetrics
from services.intake.store import protection
from shared.bus.consumer import Consumer
from shared.bus.relay import Relay
from shared.bus.room import Bound, Room
from shared.components.component import Component
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ServiceName
from shared.db.timers import Sweeper
from shared.http.idempotency import keep
from shared.http.server import create_app
from shared.protection.arriving import INTAKE, Arriving
from shared.protection.retention import RetentionJob
from shared.runtime.composition import Service
from shared.runtime.resources import Resources
from shared.settings import Settings

NAME = ServiceName.INTAKE.value


def build(settings: Settings, resources: Resources) -> Service:
    """The service, ready to start."""
    db, clock = resources.db, resources.clock
    metrics = IntakeMetrics.declare(resources.metrics)
    metrics.refresh_from(db, resources.metrics)
    relay = Relay(db, settings.kafka, NAME, resources.metrics, clock)
    admission = Admission(db, relay.wake, lambda claim, outcome: keep(claim, answer_of(outcome)))
    room = Room(db, clock, Bound(settings.outbox_limit, settings.outbox_limit_bytes))
    acceptor = Acceptor(admission, require_room=room.require)
    expiry = PendExpiry(db, relay.wake)
    sweeper = Sweeper("pend reasons", expiry.sweep, limit=expiry.LIMIT, clock=clock)
    consumer = Consumer(db, settings.kafka, NAME, TOPICS, handle, resources.metrics, clock, set_aside=Arriving(INTAKE))
    texts = ("report_text", lambda tx, cutoff: erase_due(tx, db, cutoff))
    retention = RetentionJob(db, resources.config, clock, Actor.system(NAME), protection.remove, texts)
    components: list[Component] = [relay, room, acceptor, sweeper, retention, consumer]
    api = create_app(service=NAME, title="Tocsin intake", resources=resources, components=components)
    desk = Desk(db, resources.config, metrics, committed=relay.wake, require_room=room.require)
    add_routes(api, desk, acceptor, admission)
    return Service(NAME, api, components, resources)
