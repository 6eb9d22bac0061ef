"""Metrics: declared once, refreshed at a scrape, and never in the way of one."""

import asyncio

import pytest

from shared.observability.metrics import Metrics


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("router")


async def test_a_metric_shows_before_it_counts(metrics: Metrics) -> None:
    metrics.counter("tocsin_routing_decisions_total", "Decisions.", ("outcome",))

    assert b"# TYPE tocsin_routing_decisions_total counter" in await metrics.scrape()


async def test_created_series_are_left_out(metrics: Metrics) -> None:
    metrics.counter("tocsin_things_total", "Things.").inc()

    assert b"_created" not in await metrics.scrape()


def test_asking_again_gives_the_same_metric(metrics: Metrics) -> None:
    first = metrics.gauge("tocsin_cases_open", "Open cases.", ("severity",))

    assert metrics.gauge("tocsin_cases_open", "Open cases.", ("severity",)) is first
    with pytest.raises(ValueError, match="declared already"):
        metrics.gauge("tocsin_cases_open", "Open cases.", ("status",))
    with pytest.raises(ValueError, match="declared already"):
        metrics.counter("tocsin_cases_open", "Open cases.", ("severity",))


def test_declarations_are_kept_for_the_docs(metrics: Metrics) -> None:
    metrics.histogram("tocsin_routing_wait_duration_seconds", "Waits.")

    last = metrics.declared[-1]
    assert (last.name, last.kind, last.labels) == ("tocsin_routing_wait_duration_seconds", "histogram", ())


async def test_gauges_are_refreshed_at_most_once_a_second(metrics: Metrics) -> None:
    calls = []
    gauge = metrics.gauge("tocsin_cases_open", "Open cases.")

    async def refresh() -> None:
        calls.append(1)
        gauge.set(7)

    metrics.on_scrape(refresh)
    texts = await asyncio.gather(*(metrics.scrape() for _ in range(5)))

    assert len(calls) == 1
    assert all(b"tocsin_cases_open 7.0" in text for text in texts)


async def test_a_refresher_that_fails_leaves_old_values_and_the_others(metrics: Metrics) -> None:
    kept, fresh = metrics.gauge("tocsin_kept", "Kept."), metrics.gauge("tocsin_fresh", "Fresh.")
    kept.set(3)

    async def failing() -> None:
        raise ConnectionError("PostgreSQL is away")

    async def working() -> None:
        fresh.set(4)

    metrics.on_scrape(failing)
    metrics.on_scrape(working)
    text = await metrics.scrape()

    assert b"tocsin_kept 3.0" in text
    assert b"tocsin_fresh 4.0" in text


async def test_a_scrape_shows_the_process_and_the_version(metrics: Metrics) -> None:
    text = await metrics.scrape()

    assert b"process_resident_memory_bytes" in text
    assert b"tocsin_build_info{version=" in text
