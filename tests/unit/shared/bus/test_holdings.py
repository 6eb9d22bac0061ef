"""Holdings: only held partitions are taken from, only where the last batch ended."""

from datetime import UTC, datetime

from shared.bus.caught_up import Ends
from shared.bus.holdings import Held, Holdings
from shared.bus.positions import Advance, Claim, Place
from shared.bus.records import Record

A, B = Place("tocsin.cases", 0), Place("tocsin.cases", 1)


def records(place: Place, *offsets: int) -> list[Record]:
    return [Record(place, offset, b"k", b"{}", ()) for offset in offsets]


def holding(next_offset: int = 5, *, sought: bool = True) -> Holdings:
    holdings = Holdings(Ends())
    holdings.hold(Claim(A, epoch=2, next_offset=next_offset, cluster_id="c"))
    if sought:
        holdings.sought(A, 1)
    return holdings


def test_records_of_a_partition_that_is_not_held_are_dropped() -> None:
    taken = holding().take(B, records(B, 5, 6), poll=2)
    assert taken.records == []
    assert taken.seek == []


def test_records_are_taken_from_the_position_on() -> None:
    assert holding().take(A, records(A, 3, 4, 5, 6), poll=2).records == records(A, 5, 6)


def test_records_from_further_on_are_refused_and_the_position_is_sought() -> None:
    holdings = holding(sought=False)
    taken = holdings.take(A, records(A, 8, 9), poll=2)
    assert (taken.records, taken.seek) == ([], [A])


def test_after_the_seek_a_hole_in_the_log_is_believed() -> None:
    assert holding().take(A, records(A, 8, 9), poll=2).records == records(A, 8, 9)


def test_a_poll_that_began_before_the_seek_shows_no_hole() -> None:
    taken = holding().take(A, records(A, 8, 9), poll=1)
    assert (taken.records, taken.seek) == ([], [A])


def test_a_position_that_moved_on_must_be_sought_anew() -> None:
    holdings = holding()
    holdings.advanced(holdings.steps(records(A, 5, 6)))
    assert holdings.of(A) == Held(epoch=2, next_offset=7, sought=5, polls=1)
    assert holdings.take(A, records(A, 9), poll=2).seek == [A]


def test_a_batch_moves_each_partition_from_its_position_past_its_last_record() -> None:
    holdings = holding()
    holdings.hold(Claim(B, epoch=1, next_offset=0, cluster_id="c"))
    steps = holdings.steps(records(A, 5, 8) + records(B, 0))
    assert steps == [Advance(A, 2, 5, 9), Advance(B, 1, 0, 1)]


def test_a_batch_that_reaches_a_known_end_brings_its_instant() -> None:
    ends, at = Ends(), datetime(2026, 11, 22, tzinfo=UTC)
    holdings = Holdings(ends)
    holdings.hold(Claim(A, epoch=1, next_offset=5, cluster_id="c"))
    ends.saw({A: 7}, at)
    assert holdings.steps(records(A, 5))[0].caught_up_to is None
    assert holdings.steps(records(A, 5, 6))[0].caught_up_to == at


def test_what_was_dropped_is_no_longer_taken_from() -> None:
    holdings = holding()
    holdings.drop([A])
    assert holdings.places == set()
    assert holdings.take(A, records(A, 5), poll=2).records == []
    holdings.advanced([Advance(A, 2, 5, 6)])
    assert holdings.places == set()
