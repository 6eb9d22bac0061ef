"""Reading records: everything that a topic may hold gives an event, an unknown type, or a named fault."""

from dataclasses import replace
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.messages import Message
from shared.bus.positions import Place
from shared.bus.records import Record, read
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.vocabulary import Topic
from shared.errors import PermanentReason
from tests.support.samples import CASE_ID, sample

PLACE = Place(Topic.CASES.value, 4)


def sent(event_type: str = "tocsin.case.acknowledged", **changed: str | None) -> Record:
    """A record as the relay would send it, with headers changed or (None) left out."""
    message = Message.of(sample(event_type), key=str(CASE_ID), seq=3)
    headers = {**message.headers(), "ce_source": "/tocsin/intake"} | changed
    raw = tuple((name, value.encode()) for name, value in headers.items() if value is not None)
    return Record(PLACE, 17, message.key.encode(), message.payload, raw)


def test_an_event_is_read_whole() -> None:
    received = read(sent(ce_id="019aabcd-0000-7000-8000-00000000000f")).received
    assert received is not None
    assert received.event == sample("tocsin.case.acknowledged")
    assert (received.key, received.source, received.seq) == (str(CASE_ID), "/tocsin/intake", 3)
    assert received.ce_id == UUID("019aabcd-0000-7000-8000-00000000000f")
    assert received.value["actor"]["kind"]


def test_every_known_type_can_be_read_back() -> None:
    for event_type in EVENT_TYPES:
        assert read(sent(event_type)).fault is None, event_type


def test_an_unknown_type_is_no_fault() -> None:
    received = read(sent(ce_type="tocsin.case.admired")).received
    assert received is not None
    assert received.event is None
    assert received.value["case_id"] == str(CASE_ID)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ce_id", None),
        ("ce_id", "17"),
        ("ce_source", None),
        ("ce_type", None),
        ("ce_sequence", None),
        ("ce_sequence", "0"),
        ("ce_sequence", "-1"),
        ("ce_sequence", "one"),
        ("ce_sequence", str(2**63)),
        ("ce_time", None),
        ("ce_time", "yesterday"),
        ("ce_time", "2026-11-22T17:00:00"),
    ],
)
def test_a_header_that_is_missing_or_wrong_is_named(header: str, value: str | None) -> None:
    fault = read(sent(**{header: value})).fault
    assert fault is not None
    assert fault.reason is PermanentReason.UNREADABLE
    assert header in str(fault)


def test_a_value_that_its_schema_refuses_is_invalid_and_none_of_it_is_quoted() -> None:
    record = sent()
    broken = Record(PLACE, 1, record.key, b'{"case_id": "a secret of the case"}', record.headers)
    fault = read(broken).fault
    assert fault is not None
    assert fault.reason is PermanentReason.INVALID
    assert "case_id" in str(fault)
    assert "a secret" not in str(fault)


@pytest.mark.parametrize("value", [None, b"", b"[]", b"{", b'"x"', b"\xff"])
def test_a_value_that_is_no_object_is_unreadable(value: bytes | None) -> None:
    fault = read(Record(PLACE, 1, b"k", value, sent().headers)).fault
    assert fault is not None
    assert fault.reason is PermanentReason.UNREADABLE


@pytest.mark.parametrize("key", [None, b"\xff", b"a\0b"])
def test_a_key_that_is_no_text_is_unreadable_and_parks_nothing(key: bytes | None) -> None:
    record = Record(PLACE, 1, key, b"{}", sent().headers)
    assert record.key_text is None
    assert read(record).fault is not None


def test_the_dead_letters_id_is_the_same_each_time() -> None:
    one = sent()
    assert one.dead_letter_id == replace(one).dead_letter_id
    assert one.dead_letter_id != sent(ce_id="x").dead_letter_id, "another record at the same place"
    assert one.dead_letter_id != Record(PLACE, 18, None, None, ()).dead_letter_id


@given(
    key=st.none() | st.binary(max_size=20),
    value=st.none() | st.binary(max_size=40),
    headers=st.lists(st.tuples(st.sampled_from(["ce_id", "ce_type", "ce_sequence", "x"]), st.binary(max_size=20))),
)
def test_no_bytes_whatever_make_reading_raise(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    item = read(Record(PLACE, 0, key, value, tuple(headers)))
    assert (item.received is None) == (item.fault is not None)


def test_a_value_with_no_end_of_faults_is_counted_not_described() -> None:
    record = sent()
    value = orjson.loads(record.value or b"")
    value["case"]["legal_orders"] = [{}] * 1000

    fault = read(Record(PLACE, 1, record.key, orjson.dumps(value), record.headers)).fault

    assert fault is not None
    assert str(fault).endswith("3000 things are wrong")
