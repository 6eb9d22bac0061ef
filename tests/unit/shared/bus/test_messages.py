"""Messages carry the headers of the contract (section 8) and never more than fits."""

from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest

from shared.bus.messages import MAX_PAYLOAD, Message, instant_text, source_of
from shared.contracts.vocabulary import Topic
from shared.errors import Permanent, PermanentReason
from tests.support.samples import CASE_ID, NOW, sample

BREACHED = "tocsin.clock.breached"


def test_the_headers_are_those_of_cloudevents_binary_mode() -> None:
    message = Message.of(sample(BREACHED), key=str(CASE_ID), seq=7, traceparent="00-1-2-01")
    assert message.topic is Topic.CLOCKS
    assert message.headers() == {
        "ce_specversion": "1.0",
        "ce_id": str(message.ce_id),
        "ce_type": BREACHED,
        "ce_subject": str(CASE_ID),
        "ce_time": instant_text(sample(BREACHED).occurred_at),
        "ce_dataschema": f"/schemas/{BREACHED}/1",
        "ce_sequence": "7",
        "content-type": "application/json",
        "traceparent": "00-1-2-01",
    }


def test_a_message_always_belongs_to_a_trace() -> None:
    assert Message.of(sample(BREACHED), key="k", seq=1).headers()["traceparent"].startswith("00-")


def test_each_message_has_an_id_of_its_own() -> None:
    ids = {Message.of(sample(BREACHED), key="k", seq=1).ce_id for _ in range(3)}
    assert len(ids) == 3
    assert all(isinstance(one, UUID) and one.version == 7 for one in ids)


def test_a_source_is_a_service() -> None:
    assert source_of("sla_monitor") == "/tocsin/sla_monitor"


def test_instants_are_written_in_utc() -> None:
    berlin = datetime(2026, 11, 22, 18, 0, tzinfo=timezone(timedelta(hours=1)))
    assert instant_text(berlin) == "2026-11-22T17:00:00Z"


def test_what_no_broker_would_take_is_refused_before_it_is_stored() -> None:
    with pytest.raises(Permanent, match="at most") as refused:
        Message(Topic.CASES, "k", 1, "t", 1, NOW, b"x" * (MAX_PAYLOAD + 1))
    assert refused.value.reason is PermanentReason.TOO_LARGE
