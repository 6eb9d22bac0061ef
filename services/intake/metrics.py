"""Metrics of intake (contract section 9)."""

from dataclasses import dataclass

from prometheus_client import Counter, Gauge

from services.intake.store import cases
from shared.contracts.vocabulary import Severity
from shared.db import Database
from shared.observability.metrics import Metrics


@dataclass(frozen=True)
class IntakeMetrics:
    """`source` is the id of a principal, of which there are few."""

    escalations: Counter
    open_cases: Gauge

    @classmethod
    def declare(cls, metrics: Metrics) -> "IntakeMetrics":
        """Declare them; every severity is there from the start."""
        declared = cls(
            metrics.counter(
                "tocsin_escalations_total",
                "Escalations answered: accepted, grouped, duplicate or rejected.",
                ("source", "status"),
            ),
            metrics.gauge("tocsin_cases_open", "Cases that are not resolved.", ("severity",)),
        )
        declared.show_open({})
        return declared

    def count(self, source: str, status: str) -> None:
        """One more escalation of this source that was answered so."""
        self.escalations.labels(source=source, status=status).inc()

    def show_open(self, counts: dict[Severity, int]) -> None:
        """Set the gauge; a severity that is not counted has none."""
        for severity in Severity:
            self.open_cases.labels(severity=severity.value).set(counts.get(severity, 0))

    def refresh_from(self, db: Database, metrics: Metrics) -> None:
        """Count the open cases at each scrape."""

        async def refresh() -> None:
            async with db.connection() as connection:
                self.show_open(await cases.unresolved_by_severity(connection))

        metrics.on_scrape(refresh)
