"""The router's metrics (contract section 9)."""

from dataclasses import dataclass
from typing import Self

from prometheus_client import Counter, Gauge, Histogram

from services.router.decision import Decision
from services.router.store import assignments, cases
from shared.contracts.vocabulary import AssignmentState, Requirement
from shared.db import Database
from shared.observability.metrics import WAITING, Metrics


@dataclass(frozen=True)
class RouterMetrics:
    """What the router counts."""

    decisions: Counter
    matches: Counter
    waits: Histogram
    waiting: Gauge
    load: Gauge

    @classmethod
    def of(cls, metrics: Metrics) -> Self:
        """Declare them."""
        return cls(
            decisions=metrics.counter(
                "tocsin_routing_decisions_total", "Decisions about cases, by outcome.", ("outcome",)
            ),
            matches=metrics.counter(
                "tocsin_routing_match_total",
                "Assignments by whether language, policy area and region matched.",
                ("dimension", "result"),
            ),
            waits=metrics.histogram(
                "tocsin_routing_wait_duration_seconds",
                "From the moment a case began to wait until it was offered.",
                buckets=WAITING,
            ),
            waiting=metrics.gauge("tocsin_cases_waiting", "Cases that wait or are unroutable, by reason.", ("reason",)),
            load=metrics.gauge(
                "tocsin_specialist_load", "Units in the hands of specialists: offered, accepted.", ("state",)
            ),
        )

    def refresh_from(self, db: Database, metrics: Metrics) -> None:
        """Read the gauges of shared state at each scrape."""

        async def refresh() -> None:
            async with db.connection() as connection:
                waiting = await cases.waiting_by_reason(connection)
                units = await assignments.units_by_state(connection)
            self.waiting.clear()
            for reason, count in waiting.items():
                self.waiting.labels(reason=reason).set(count)
            for state in (AssignmentState.OFFERED, AssignmentState.ACCEPTED):
                self.load.labels(state=state.value).set(units.get(state.value, 0))

        metrics.on_scrape(refresh)

    def decided(self, decision: Decision, waited: float | None) -> None:
        """Count one decision; `waited` seconds, when it is an assignment."""
        self.decisions.labels(outcome=decision.outcome.value).inc()
        if decision.chosen is None:
            return
        for requirement in Requirement:
            missed = requirement in decision.chosen.misses
            self.matches.labels(dimension=requirement.value, result="mismatch" if missed else "match").inc()
        if waited is not None:
            self.waits.observe(max(0.0, waited))
