"""Events built from the schemas that are published, read as records; then the same with something wrong with them.

TOCSIN_FUZZ_EXAMPLES sets the examples of each event type for a long run.
"""

import json
import os
import random
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.bus.positions import Place
from shared.bus.records import Item, Record, read
from shared.contracts.registry import EVENT_TYPES
from tests.fuzz.shapes import broken, documents
from tests.support.producing import raw_event

EXAMPLES = int(os.environ.get("TOCSIN_FUZZ_EXAMPLES", "4"))
SECONDS = 0.5
LARGE = 256 * 1024
"""Bytes of a value; brokers take four times that by default."""

MEMORY = 150
"""Times the size of a value, for all that reading it makes."""

relaxed = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def item_of(event_type: str, document: Any) -> Item:
    """The document as a record of that type, read; within its time."""
    raw = raw_event(event_type, b'{"occurred_at": "2026-11-22T00:00:00Z"}')
    value = json.dumps(document).encode()
    record = Record(Place(raw.topic.value, 0), 0, raw.key, value, tuple(raw.headers))
    began = time.process_time()
    item = read(record)
    assert time.process_time() - began < SECONDS
    return item


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_what_fits_the_schema_is_read_and_written_alike(event_type: str) -> None:
    @relaxed
    @given(document=documents(EVENT_TYPES[event_type].model_json_schema()))
    def fits(document: Any) -> None:
        item = item_of(event_type, document)
        if item.received is None:
            assert "NUL" in str(item.fault), item.fault
            return
        event = item.received.event
        assert event is not None
        again = EVENT_TYPES[event_type].model_validate_json(event.payload())
        assert again == event

    fits()


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_what_does_not_fit_is_a_fault_with_a_reason(event_type: str) -> None:
    @relaxed
    @given(document=documents(EVENT_TYPES[event_type].model_json_schema()), seed=st.integers(0, 2**32))
    def does_not_fit(document: Any, seed: int) -> None:
        item = item_of(event_type, broken(document, random.Random(seed)))
        assert (item.received is None) == (item.fault is not None)
        if item.fault is not None:
            assert len(str(item.fault)) < 5000

    does_not_fit()


@pytest.mark.parametrize("grown", ["legal_orders", "summary", "unknown", "faulty"])
def test_a_large_value_takes_memory_in_proportion(grown: str) -> None:
    order = {"clock": "eu.tco.art3", "reference": "r", "received_at": "2026-11-22T00:00:00Z"}
    large: dict[str, dict[str, Any]] = {
        "legal_orders": {"legal_orders": [order] * (LARGE // 90)},
        "summary": {"summary": "x" * LARGE},
        "unknown": {"unknown": [{"a": [1]}] * (LARGE // 12)},
        "faulty": {"legal_orders": [{}] * (LARGE // 4)},
    }
    document = json.loads(json.dumps(GOLDEN))
    document["case"].update(large[grown])
    value = json.dumps(document).encode()
    raw = raw_event("tocsin.case.noted", b'{"occurred_at": "2026-11-22T00:00:00Z"}')
    tracemalloc.start()
    read(Record(Place(raw.topic.value, 0), 0, raw.key, value, tuple(raw.headers)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MEMORY * len(value)


GOLDEN = {
    "case_id": "01990000-0000-7000-8000-000000000000",
    "occurred_at": "2026-11-22T00:00:00Z",
    "recorded_at": "2026-11-22T00:00:00Z",
    "actor": {"kind": "person", "id": "ana"},
    "change": {"visibility": "internal"},
    "case": {
        "version": 1, "status": "open", "severity": "high", "policy_area": "violent_content", "language": "es",
        "region": "MX", "graphic": 1, "source": "tool", "received_at": "2026-11-22T00:00:00Z", "reports": 1,
        "summary": "s",
    },
}  # fmt: skip
