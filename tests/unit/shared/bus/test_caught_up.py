"""`caught_up_to` never claims more than was seen."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.bus.caught_up import KEPT, DatabaseTime, Ends
from shared.bus.positions import Place

T0 = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
PLACE = Place("tocsin.cases", 3)


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def test_an_idle_partition_is_caught_up_to_the_last_time_its_end_was_asked() -> None:
    ends = Ends()
    ends.saw({PLACE: 10}, after(1))
    ends.saw({PLACE: 10}, after(2))
    assert ends.reached(PLACE, 10) == after(2)
    assert ends.reached(PLACE, 10) is None, "told once"


def test_a_partition_that_is_behind_is_caught_up_to_the_last_end_it_reached() -> None:
    ends = Ends()
    for second, end in ((1, 10), (2, 20), (3, 30)):
        ends.saw({PLACE: end}, after(second))
    assert ends.reached(PLACE, 9) is None
    assert ends.reached(PLACE, 25) == after(2)
    assert ends.reached(PLACE, 30) == after(3)


def test_far_behind_the_oldest_ends_are_kept_so_that_progress_shows() -> None:
    ends = Ends()
    for second in range(KEPT * 3):
        ends.saw({PLACE: second * 10}, after(second))
    assert ends.reached(PLACE, 10) == after(1)


def test_a_partition_that_was_given_up_tells_nothing() -> None:
    ends = Ends()
    ends.saw({PLACE: 10}, after(1))
    ends.forget(PLACE)
    assert ends.reached(PLACE, 10) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=40))
def test_no_record_before_the_told_instant_is_ever_missing(steps: list[tuple[int, int]]) -> None:
    """Each step appends records and commits some; the end at each second is known to the model."""
    ends, end, position = Ends(), 0, 0
    end_at: dict[datetime, int] = {}
    for second, (appended, committed) in enumerate(steps):
        end_at[after(second)] = end
        ends.saw({PLACE: end}, after(second))
        end += appended
        position = min(end, position + committed)
        told = ends.reached(PLACE, position)
        assert told is None or end_at[told] <= position


def test_the_databases_clock_is_never_reckoned_ahead() -> None:
    clock = DatabaseTime()
    assert clock.at(5.0) is None
    clock.tell(T0, heard_at=5.5)  # read by the server some time before 5.5
    assert clock.at(7.5) == after(2)
    clock.tell(after(1), heard_at=8.0)  # the database's clock was set back: believe it
    assert clock.at(8.0) == after(1)
