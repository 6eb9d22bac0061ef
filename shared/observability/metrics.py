"""Metrics of one service in a registry of its own; every declaration is kept, and the docs are made from it.

Gauges of shared state are read from the database at a scrape, at most once a second.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TypeVar

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

Refresh = Callable[[], Awaitable[None]]
Kind = TypeVar("Kind", Counter, Gauge, Histogram)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Buckets in seconds for what should take milliseconds."""
WAITING = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)
"""Buckets in seconds for what people take part in."""

FRESH_FOR = 1.0
REFRESH_LIMIT = 2.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Declared:
    """One metric as the docs list it."""

    name: str
    kind: str
    doc: str
    labels: tuple[str, ...]


class Metrics:
    """Counters, gauges and histograms of `service`. Asking again for a name gives the same metric."""

    def __init__(self, service: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.service = service
        self.registry = CollectorRegistry()
        self._declared: dict[str, tuple[Declared, Counter | Gauge | Histogram]] = {}
        self._refreshers: list[Refresh] = []
        self._refreshed_at = float("-inf")
        self._refreshing = asyncio.Lock()
        ProcessCollector(registry=self.registry)
        build = self.gauge("tocsin_build_info", "Always 1; the label says which version runs.", ("version",))
        build.labels(version=version()).set(1)

    @property
    def declared(self) -> tuple[Declared, ...]:
        """Every metric so far, in the order of declaration."""
        return tuple(declared for declared, _ in self._declared.values())

    def counter(self, name: str, doc: str, labels: Sequence[str] = ()) -> Counter:
        """A counter; the name ends with `_total`."""
        return self._metric(Counter, Declared(name, "counter", doc, tuple(labels)))

    def gauge(self, name: str, doc: str, labels: Sequence[str] = ()) -> Gauge:
        """A gauge."""
        return self._metric(Gauge, Declared(name, "gauge", doc, tuple(labels)))

    def histogram(
        self, name: str, doc: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = LATENCY
    ) -> Histogram:
        """A histogram; `buckets` are upper bounds."""
        return self._metric(Histogram, Declared(name, "histogram", doc, tuple(labels)), buckets=tuple(buckets))

    def on_scrape(self, refresh: Refresh) -> None:
        """Call `refresh` before a scrape when the last time is a second ago; if it fails old values stay."""
        self._refreshers.append(refresh)

    async def scrape(self) -> bytes:
        """The exposition text (format 0.0.4), after a refresh."""
        async with self._refreshing:
            if time.monotonic() - self._refreshed_at >= FRESH_FOR:
                await asyncio.gather(*(_attempt(refresh) for refresh in self._refreshers))
                self._refreshed_at = time.monotonic()
        return await asyncio.to_thread(generate_latest, self.registry)

    def _metric(self, kind: type[Kind], declared: Declared, **options: Sequence[float]) -> Kind:
        known = self._declared.get(declared.name)
        if known is None:
            metric = kind(declared.name, declared.doc, declared.labels, registry=self.registry, **options)  # type: ignore[arg-type]
            self._declared[declared.name] = (declared, metric)
            return metric
        if known[0].labels != declared.labels or not isinstance(known[1], kind):
            raise ValueError(f"{declared.name} is declared already, as {known[0]}")
        return known[1]


def version() -> str:
    """The version of the installed package."""
    try:
        return metadata.version("tocsin")
    except metadata.PackageNotFoundError:
        return "unknown"


async def _attempt(refresh: Refresh) -> None:
    try:
        async with asyncio.timeout(REFRESH_LIMIT):
            await refresh()
    except Exception as error:  # noqa: BLE001 - a scrape answers whatever the refresher met
        log.warning("gauges not refreshed", error=f"{type(error).__name__}: {error}")
