"""Sorting a batch: what is applied, dropped, buried and parked."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.positions import Place
from shared.bus.records import Item, Record, read
from shared.bus.triage import Known, Last, Verdict, judge, triage
from shared.errors import PermanentReason

CASES = "tocsin.cases"
NOTHING = Known(last={}, behind={})


def an_id(seq: int) -> UUID:
    return UUID(int=seq)


def item(
    seq: int, *, key: str | None = "case", offset: int = 0, ce_id: UUID | None = None, value: bytes = b"{}"
) -> Item:
    """A record of an unknown type (its event does not matter here); `ce_id` follows `seq` unless given."""
    headers = {
        "ce_id": str(ce_id or an_id(seq)),
        "ce_source": "/tocsin/intake",
        "ce_type": "tocsin.later",
        "ce_time": "2026-11-22T17:00:00Z",
        "ce_sequence": str(seq),
    }
    raw = tuple((name, text.encode()) for name, text in headers.items())
    return read(Record(Place(CASES, 0), offset, key.encode() if key else None, value, raw))


def seqs(sorted_out: list) -> list[int]:
    return [received.seq for received in sorted_out]


@pytest.mark.parametrize(
    ("last", "seq", "ce_id", "verdict"),
    [
        (None, 1, 1, Verdict.APPLY),
        (None, 2, 2, Verdict.GAP),
        (5, 6, 6, Verdict.APPLY),
        (5, 8, 8, Verdict.GAP),
        (5, 5, 5, Verdict.DUPLICATE),
        (5, 3, 99, Verdict.DUPLICATE),
        (5, 5, 99, Verdict.CONFLICT),
    ],
)
def test_an_event_is_judged_by_the_last_of_its_key_and_source(
    last: int | None, seq: int, ce_id: int, verdict: Verdict
) -> None:
    assert judge(None if last is None else Last(last, an_id(last)), seq, an_id(ce_id)) is verdict


def test_what_a_relay_sends_again_is_dropped_and_counted() -> None:
    outcome = triage([item(n) for n in (1, 2, 3, 1, 2, 3, 4)], NOTHING)
    assert seqs(outcome.apply) == [1, 2, 3, 4]
    assert outcome.duplicates == {CASES: 3}
    assert outcome.last == {("case", "/tocsin/intake"): Last(4, an_id(4))}


def test_a_gap_is_applied_and_counted() -> None:
    outcome = triage([item(4)], Known(last={("case", "/tocsin/intake"): Last(1, an_id(1))}, behind={}))
    assert seqs(outcome.apply) == [4]
    assert outcome.gaps == {CASES: 1}


def test_the_same_sequence_under_another_id_is_dead_and_parks_nothing() -> None:
    outcome = triage([item(1), item(1, ce_id=an_id(77)), item(2)], NOTHING)
    assert seqs(outcome.apply) == [1, 2]
    assert [fault.reason for _, fault in outcome.dead] == [PermanentReason.CONFLICTING_SEQUENCE]


def test_poison_parks_what_follows_on_its_key_and_nothing_else() -> None:
    poison = item(2, value=b"not json", offset=7)
    outcome = triage([item(1), poison, item(3), item(1, key="other")], NOTHING)
    assert [(received.key, received.seq) for received in outcome.apply] == [("case", 1), ("other", 1)]
    assert [(parked.record.key, behind) for parked, behind in outcome.parked] == [
        (b"case", poison.record.dead_letter_id)
    ]


def test_an_open_dead_letter_of_earlier_batches_parks_too() -> None:
    outcome = triage([item(3), item(1, key="other")], Known(last={}, behind={(CASES, "case"): an_id(9)}))
    assert [received.key for received in outcome.apply] == ["other"]
    assert [behind for _, behind in outcome.parked] == [an_id(9)]
    assert outcome.last.keys() == {("other", "/tocsin/intake")}


def test_a_record_whose_key_cannot_be_read_parks_nothing() -> None:
    outcome = triage([item(1, key=None), item(2, key=None), item(1)], NOTHING)
    assert len(outcome.dead) == 2
    assert outcome.parked == []
    assert seqs(outcome.apply) == [1]


def test_a_copy_of_a_settled_dead_letter_is_a_duplicate_and_parks_nothing() -> None:
    mark = item(2, value=b"not json", offset=7).record.copy_mark
    assert mark is not None
    known = Known(last={}, behind={}, settled=frozenset({((CASES, "case"), mark)}))
    copy, other_value, other_id, other_key = (
        item(2, value=b"not json", offset=9),
        item(2, value=b"not either", offset=10),
        item(2, value=b"not json", ce_id=an_id(9), offset=11),
        item(2, value=b"not json", key="other", offset=12),
    )
    outcomes = [triage([copy, item(1), other], known) for other in (other_value, other_id, other_key)]
    for outcome in outcomes:
        assert outcome.duplicates == {CASES: 1}
        assert seqs(outcome.apply) == [1]
        assert outcome.parked == []
    assert [dead.record.offset for outcome in outcomes for dead, _ in outcome.dead] == [10, 11, 12]


def test_without_an_id_nothing_tells_a_copy() -> None:
    assert Record(Place(CASES, 0), 7, b"case", b"not json", ()).copy_mark is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 10)), max_size=6))
def test_any_number_of_resent_runs_applies_each_event_once_and_in_order(runs: list[tuple[int, int]]) -> None:
    """A relay resends runs that start at something pending, so no run starts beyond what was sent before."""
    log: list[int] = []
    for back, length in runs:
        start = max(1, max(log, default=0) + 1 - back)
        log += range(start, start + length)
    outcome = triage([item(seq) for seq in log], NOTHING)
    assert seqs(outcome.apply) == list(range(1, max(log, default=0) + 1))
    assert not outcome.gaps
    assert not outcome.dead
