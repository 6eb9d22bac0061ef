"""The environment of the services of a stack: theirs alone, whatever `TOCSIN_*` the caller has set.

Passed on from the caller: what a channel's `env:` references may name, the level and format of logs, crash points.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.stack.ports import LOOPBACK
from services.stack.state import DataDirectory, Kept
from shared.contracts.vocabulary import ServiceName

PASSED_ON = ("TOCSIN_LOG_LEVEL", "TOCSIN_LOG_FORMAT", "TOCSIN_CRASH_AT", "TOCSIN_CRASH_MARK", "TOCSIN_CLOCK_OFFSET")
SESSION_TIMEOUT_MS = "2000"
"""Shorter than the usual 3000: a service that was killed joins its group again only when its former self is given up,
and its process is back before that."""

PAGER_URL = "PAGER_URL"
PAGER_SECRET = "PAGER_SECRET"  # noqa: S105 - the name of the variable, not its value


@dataclass(frozen=True)
class Addresses:
    """Where the parts of a stack listen."""

    base_port: int
    kafka: str
    database_url: str

    def port(self, service: ServiceName) -> int:
        """The service's port: the base for intake, the next for each further one."""
        return self.base_port + list(ServiceName).index(service)

    def url(self, service: ServiceName) -> str:
        """The service's address."""
        return f"http://{LOOPBACK}:{self.port(service)}"


def caller_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's variables but for `TOCSIN_*` ones that are not passed on."""
    given = os.environ if environ is None else environ
    return {name: value for name, value in given.items() if not name.startswith("TOCSIN_") or name in PASSED_ON}


def receiver_environment(kept: Kept, given: Mapping[str, str]) -> dict[str, str]:
    """What makes the built-in receiver the pager; empty where the caller names a pager."""
    if PAGER_URL in given:
        return {}
    secret = given.get(PAGER_SECRET, kept.pager_secret)
    return {PAGER_URL: f"http://{LOOPBACK}:{kept.receiver_port}/pages", PAGER_SECRET: secret}


def service_environment(
    service: ServiceName, addresses: Addresses, directory: DataDirectory, kept: Kept, config_dir: Path
) -> dict[str, str]:
    """Every variable with which one service is run."""
    given = caller_environment()
    return {
        **given,
        **receiver_environment(kept, given),
        "TOCSIN_HOST": LOOPBACK,
        "TOCSIN_PORT": str(addresses.port(service)),
        "TOCSIN_DATABASE_URL": addresses.database_url,
        "TOCSIN_KAFKA_BOOTSTRAP": addresses.kafka,
        "TOCSIN_KAFKA_REPLICATION": "1",
        "TOCSIN_KAFKA_SESSION_TIMEOUT_MS": SESSION_TIMEOUT_MS,
        "TOCSIN_CONFIG_DIR": str(config_dir),
        "TOCSIN_PUBLIC_URL": addresses.url(ServiceName.NOTIFIER),
        "TOCSIN_SECRET_KEY": kept.secret_key,
        "TOCSIN_DEVELOPMENT_ACCESS": str(directory.access_file),
    }
