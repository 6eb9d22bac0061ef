"""Why brokers cannot be reached: the client itself says only that it could not, and logs the reason."""

import asyncio
from typing import Any

from aiokafka.conn import create_conn

from shared.bus import kafka
from shared.errors import Transient
from shared.settings import KafkaSettings

_UNREACHABLE: tuple[type[Exception], ...] = (*kafka.CLIENT_ERRORS, ValueError)

LOOK = 3.0
"""Seconds for one look at one broker."""


async def away(settings: KafkaSettings, error: Exception) -> Transient:
    """A `Transient` that tells what the first address of the bootstrap answers: refused, no trust, no such login."""
    host, _, port = settings.bootstrap.split(",")[0].strip().rpartition(":")
    try:
        async with asyncio.timeout(LOOK):
            connection = await create_conn(host, int(port), **_options(settings))
    except _UNREACHABLE as found:
        return Transient(f"Kafka at {host}:{port}: {_said(found)}")
    connection.close()
    return Transient(f"Kafka: {type(error).__name__}: {error}")


def _options(settings: KafkaSettings) -> dict[str, Any]:
    return {name: value for name, value in kafka.connection(settings).items() if name != "bootstrap_servers"}


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer"
    return f"{type(error).__name__}: {error}"
