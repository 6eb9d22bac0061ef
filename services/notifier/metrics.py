"""The metrics of notifier (contract section 9)."""

from datetime import datetime

from services.notifier.case_pages import CasePages
from services.notifier.delivery import Attempt, Result
from services.notifier.oncall.resolver import on_call_now
from services.notifier.pages import Page
from services.notifier.reach import Rulebook
from services.notifier.rulebooks import Rulebooks
from services.notifier.store import listing, overrides
from shared.contracts.page_events import PageAcknowledged, PageTriggered
from shared.contracts.vocabulary import PageReasonKind, PageState
from shared.db import Database
from shared.observability.metrics import LATENCY, WAITING, Metrics


class NotifierMetrics:
    """Declares them all at once; gauges are read from the database at a scrape."""

    def __init__(self, metrics: Metrics, db: Database, rulebooks: Rulebooks) -> None:
        self._db = db
        self._rulebooks = rulebooks
        self._pages = metrics.counter(
            "tocsin_pages_total", "Pages opened, by what they were opened for.", ("reason", "urgency")
        )
        self._attempts = metrics.counter(
            "tocsin_page_attempts_total", "Tries to send a notice, by how they ended.", ("channel", "result")
        )
        self._delivery = metrics.histogram(
            "tocsin_page_delivery_duration_seconds",
            "From the instant that a breached clock was due to the provider's 2xx, for the first notice of a page.",
            buckets=(*LATENCY, 30.0, 60.0, 300.0, 3600.0),
        )
        self._acknowledge = metrics.histogram(
            "tocsin_page_acknowledge_duration_seconds",
            "From a page's first notice to its acknowledgement.",
            buckets=WAITING,
        )
        self._open = metrics.gauge("tocsin_pages_open", "Pages that are not resolved.", ("state",))
        self._circuits = metrics.gauge(
            "tocsin_channel_circuit_open",
            "Whether this instance has stopped sending over a channel, but for probes, because it fails.",
            ("channel",),
        )
        self._covered = metrics.gauge(
            "tocsin_on_call_covered", "Whether somebody is on call in a schedule now.", ("schedule",)
        )
        metrics.on_scrape(self._measure)

    def committed(self, case: CasePages) -> None:
        """Count what a committed change of a case's pages said."""
        for event, subject, _ in case.said:
            if not isinstance(subject, Page):
                continue
            if event is PageTriggered:
                self._pages.labels(subject.reasons[0].kind.value, subject.urgency.value).inc()
            if event is PageAcknowledged and subject.acknowledged_at is not None:
                self._acknowledge.observe((subject.acknowledged_at - subject.created_at).total_seconds())

    def tried(self, attempt: Attempt, result: Result) -> None:
        """Count one try."""
        self._attempts.labels(attempt.channel, result.value).inc()

    def circuit(self, channel: str, *, is_open: bool) -> None:
        """A try over a channel ended and left its circuit so."""
        self._circuits.labels(channel).set(is_open)

    def delivered(self, page: Page, attempt: Attempt) -> None:
        """A provider took the first notice of a page."""
        due = [reason.at for reason in page.reasons if reason.kind is PageReasonKind.BREACH]
        if due and attempt.at is not None:
            self._delivery.observe(max(0.0, (attempt.at - min(due)).total_seconds()))

    async def _measure(self) -> None:
        async with self._db.transaction() as tx:
            now = await self._db.now(tx)
            states = await listing.open_by_state(tx)
            rulebook = self._rulebooks.rulebook(await overrides.in_force(tx, now))
        for state in PageState:
            if state is not PageState.RESOLVED:
                self._open.labels(state.value).set(states.get(state.value, 0))
        self._measure_coverage(rulebook, now)

    def _measure_coverage(self, rulebook: Rulebook, now: datetime) -> None:
        self._covered.clear()
        for schedule, plan in rulebook.plans.items():
            self._covered.labels(schedule).set(on_call_now(plan, now).responder is not None)
