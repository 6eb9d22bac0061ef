"""Who is admitted next: critical first, sources in turns, order kept, nobody starved, a flood refused alone."""

from collections.abc import Sequence
from itertools import count

from hypothesis import example, given
from hypothesis import strategies as st

from services.intake.fairness import ORDER, SHARE, Bounds, FairQueue
from shared.contracts.vocabulary import Severity

Entry = tuple[str, Severity, int]

SOURCES = st.sampled_from(["news", "police", "users"])
ENTRIES = st.lists(st.tuples(SOURCES, st.sampled_from(ORDER)), max_size=80)


def queue_of(pairs: Sequence[tuple[str, Severity]], bounds: Bounds | None = None) -> FairQueue[Entry]:
    queue: FairQueue[Entry] = FairQueue(bounds or Bounds())
    for number, (source, severity) in enumerate(pairs):
        queue.add((source, severity, number), source=source, severity=severity, size=1)
    return queue


def all_of(queue: FairQueue[Entry]) -> list[Entry]:
    return queue.take(entries=len(queue) + 1, size=10**9)


@given(ENTRIES)
def test_everything_comes_out_once_and_in_order_within_a_source_and_a_severity(
    pairs: list[tuple[str, Severity]],
) -> None:
    taken = all_of(queue_of(pairs))

    assert sorted(number for *_, number in taken) == list(range(len(pairs)))
    for line in {entry[:2] for entry in taken}:
        numbers = [number for *key, number in taken if tuple(key) == line]
        assert numbers == sorted(numbers)


@given(ENTRIES)
def test_a_lower_severity_goes_before_a_higher_one_only_within_its_share(pairs: list[tuple[str, Severity]]) -> None:
    queue = queue_of(pairs)
    waiting = [severity for _, severity in pairs]
    out_of_turn = 0
    for picks in count(1):
        if not len(queue):
            break
        (_, severity, _) = queue.take(entries=1, size=1)[0]
        out_of_turn += severity is not min(waiting, key=ORDER.index)
        waiting.remove(severity)
        assert out_of_turn <= picks / SHARE


@given(
    before=st.integers(0, 5),
    others=st.lists(SOURCES, min_size=1, max_size=3, unique=True),
    severity=st.sampled_from(ORDER),
    flood=st.lists(st.sampled_from(ORDER), min_size=1, max_size=4, unique=True),
)
def test_the_wait_is_bounded_whatever_keeps_coming(
    before: int, others: list[str], severity: Severity, flood: list[Severity]
) -> None:
    queue = queue_of([(source, kind) for source in others for kind in flood] * 3)
    for number in range(before + 1):
        queue.add(("victim", severity, number), source="victim", severity=severity, size=1)

    bound = SHARE * 3 * (len(others) + 1) * (before + 1)
    for _ in range(bound):
        (entry,) = queue.take(entries=1, size=1)
        if entry == ("victim", severity, before):
            return
        for source in others:  # each pick is answered by more of everything
            for kind in flood:
                queue.add((source, kind, 0), source=source, severity=kind, size=1)
    raise AssertionError(f"not within {bound} picks")


def test_critical_goes_before_a_flood_of_low() -> None:
    queue = queue_of([("users", Severity.LOW)] * 500 + [("police", Severity.CRITICAL)])

    assert queue.take(entries=1, size=1) == [("police", Severity.CRITICAL, 500)]


def test_sources_take_turns() -> None:
    queue = queue_of([("users", Severity.HIGH)] * 100 + [("police", Severity.HIGH)] * 2)

    assert [source for source, *_ in queue.take(entries=5, size=9)] == ["users", "police", "users", "police", "users"]


def test_a_batch_is_bounded_in_bytes() -> None:
    queue: FairQueue[int] = FairQueue(Bounds())
    for number in range(10):
        queue.add(number, source="users", severity=Severity.LOW, size=400)

    assert queue.take(entries=10, size=1000) == [0, 1, 2]


def test_a_source_has_its_bounds() -> None:
    bounds = Bounds(entries=3, size=100)
    queue = queue_of([("users", Severity.LOW)] * 3, bounds)
    queue.add(("news", Severity.LOW, 9), source="news", severity=Severity.LOW, size=100)

    assert not queue.admits("users")
    assert not queue.admits("news")
    assert queue.admits("police")

    all_of(queue)
    assert queue.admits("users")
    assert queue.admits("news")


@example(floods=["a", "b", "c"] * 40)
@given(floods=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=200))
def test_a_full_queue_refuses_those_who_fill_it_and_stays_bounded(floods: list[str]) -> None:
    bounds = Bounds(entries=1000, size=10**9, all_entries=20, all_size=10**9)
    queue: FairQueue[Entry] = FairQueue(bounds)
    for source in floods:
        if queue.admits(source):
            queue.add((source, Severity.LOW, 0), source=source, severity=Severity.LOW, size=1)

    assert len(queue) <= 2 * bounds.all_entries
    assert queue.admits("victim")
