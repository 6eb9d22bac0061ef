"""Clients of Kafka with the project's settings; the only place that builds one (architecture section 3)."""

import ssl
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from shared.contracts.vocabulary import PARTITIONS, Topic
from shared.settings import KafkaSettings

REQUEST_TIMEOUT_MS = 10_000
MAX_POLL_RECORDS = 500

CLIENT_ERRORS: tuple[type[Exception], ...] = (KafkaError, OSError, TimeoutError)
"""What talking to brokers may raise, however it goes wrong."""


def partition_of(key: str) -> int:
    """The partition of `key` in every topic of twelve: Java's murmur2, as any Kafka tool reckons it."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS)


def topic_name(settings: KafkaSettings, topic: Topic) -> str:
    """The topic's name on the brokers."""
    return settings.topic_prefix + topic.value


def group_id(settings: KafkaSettings, service: str) -> str:
    """The consumer group of a service."""
    return f"{settings.topic_prefix}tocsin.{service}"


def producer(settings: KafkaSettings) -> Any:
    """An idempotent producer, not yet started: no acknowledged event is lost, none is out of order."""
    return AIOKafkaProducer(
        **connection(settings),
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=262_144,
        max_request_size=1_048_576,
    )


def consumer(settings: KafkaSettings, group: str) -> Any:
    """A member of `group`, neither started nor subscribed; positions come from the database alone."""
    return AIOKafkaConsumer(
        **connection(settings),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=50,
        max_poll_records=MAX_POLL_RECORDS,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=max(1, settings.session_timeout_ms // 3),
        partition_assignment_strategy=(StickyPartitionAssignor,),
    )


def observer(settings: KafkaSettings) -> Any:
    """A client outside any group that only asks for beginnings and ends of partitions."""
    return AIOKafkaConsumer(**connection(settings), group_id=None, enable_auto_commit=False)


def admin(settings: KafkaSettings) -> Any:
    """A client for topics and for the identity of the cluster."""
    return AIOKafkaAdminClient(**connection(settings))


def connection(settings: KafkaSettings) -> dict[str, Any]:
    """Where and how to connect: address, TLS, credentials."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap,
        "security_protocol": settings.security_protocol,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "client_id": "tocsin",
    }
    if "SSL" in settings.security_protocol.split("_"):
        options["ssl_context"] = tls(settings)
    if settings.security_protocol.startswith("SASL"):
        options["sasl_mechanism"] = settings.sasl_mechanism or "PLAIN"
        options["sasl_plain_username"] = settings.username
        options["sasl_plain_password"] = settings.password
    return options


def tls(settings: KafkaSettings) -> ssl.SSLContext:
    """TLS that verifies the broker, with a client certificate where one is given."""
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.cert_file is not None:
        context.load_cert_chain(settings.cert_file, settings.key_file)
    return context
