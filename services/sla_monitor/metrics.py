"""The metrics of sla_monitor (contract section 9)."""

from datetime import datetime

from services.sla_monitor.settlement import Clock
from services.sla_monitor.store import clocks
from shared.contracts.vocabulary import ClockKind, Severity
from shared.db import Database
from shared.observability.metrics import Metrics


class MonitorMetrics:
    """Breaches as this process fires them, open clocks as the database has them."""

    def __init__(self, metrics: Metrics, db: Database) -> None:
        self._db = db
        self._breaches = metrics.counter(
            "tocsin_clock_breaches_total", "Clocks that were not stopped in time.", ("clock", "severity")
        )
        self._detection = metrics.histogram(
            "tocsin_breach_detection_duration_seconds",
            "From due to the committed breach; not of clocks that were past due when they started or were retargeted.",
        )
        self._open = metrics.gauge("tocsin_clocks_open", "Clocks that run or are paused.", ("kind",))
        metrics.on_scrape(self._measure)

    def breached(self, clock: Clock, severity: Severity, now: datetime, committing: float) -> None:
        """Count a breach that was decided at `now` and whose commit took so many seconds."""
        self._breaches.labels(clock=clock.key.name, severity=severity.value).inc()
        if clock.due_at is not None and clock.cause is None:
            self._detection.observe((now - clock.due_at).total_seconds() + committing)

    async def _measure(self) -> None:
        async with self._db.connection() as connection:
            counted = await clocks.open_by_kind(connection)
        for kind in ClockKind:
            self._open.labels(kind=kind.value).set(counted.get(kind, 0))
