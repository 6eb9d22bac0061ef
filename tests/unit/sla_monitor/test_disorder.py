"""Events of different topics in any order, taken one by one or in batches, end in the state of the sorted order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla_monitor.evaluation import Course, Key
from services.sla_monitor.facts import Facts
from services.sla_monitor.hearing import completed, hear
from services.sla_monitor.judgement import judge
from services.sla_monitor.legal import Book
from services.sla_monitor.settlement import Clock
from shared.bus.messages import Received
from shared.contracts.events import CaseBound
from shared.contracts.vocabulary import Topic
from tests.unit.sla_monitor.rules import RULES, Bench
from tests.unit.sla_monitor.tale import Tale, minutes

NOBODY = UUID(int=0)
ORDER = {"clock": "eu.tco.art3", "reference": "BKA-1", "received_at": 0}


def happen(tale: Tale, what: str, at: float) -> None:
    """One more event, if it makes sense now."""
    does: dict[str, Any] = {
        "acknowledge": lambda: tale.acknowledged(at),
        "accept": lambda: tale.accepted(at),
        "pend": lambda: tale.pended(at, "vendor", "clarification"),
        "resume": lambda: tale.resumed(at),
        "act": lambda: tale.acted(at, "remove"),
        "update": lambda: tale.updated(at),
        "report": lambda: tale.report_added(
            at, stakeholders=True, reporter="depicted_person", orders=[{**ORDER, "reference": f"r{at}"}]
        ),
        "worse": lambda: tale.reclassified(at, severity="critical"),
        "milder": lambda: tale.reclassified(at, severity="high"),
        "elsewhere": lambda: tale.reclassified(at, policy_area="hateful_conduct", region="FR"),
        "reopen": lambda: tale.reopened(at),
        "resolve": lambda: tale.resolved(at),
    }
    if (what == "reopen") == (tale.status == "resolved"):
        does[what]()


KINDS = [
    "acknowledge", "accept", "pend", "resume", "act", "update", "report", "worse", "milder", "elsewhere", "reopen",
    "resolve",
]  # fmt: skip


@st.composite
def tales(draw: st.DrawFn) -> Tale:
    tale = Tale(severity=draw(st.sampled_from(["critical", "high", "medium"]))).opened(orders=[ORDER])
    at = 0.0
    for what in draw(st.lists(st.sampled_from(KINDS), max_size=12)):
        at += draw(st.sampled_from([1, 3, 20, 70, 6000]))
        happen(tale, what, at)
    if draw(st.booleans()):
        tale.accepted(draw(st.integers(1, 40)))
    return tale


@st.composite
def interleaved(draw: st.DrawFn) -> tuple[Tale, list[list[Received]]]:
    """A tale, and its events in batches: in order within each topic, in any order between them, some twice."""
    tale = draw(tales())
    queues = [[r for r in tale.told if r.topic is topic] for topic in (Topic.CASES, Topic.ASSIGNMENTS)]
    batches: list[list[Received]] = [[]]
    while any(queues):
        queue = draw(st.sampled_from([queue for queue in queues if queue]))
        received = queue.pop(0)
        batches[-1].append(received)
        if draw(st.booleans()):
            batches.append([])
    return tale, [batch for batch in batches if batch]


def end_state(bench: Bench) -> list[Clock]:
    """Every clock, but for what is given by chance."""
    assert bench.case is not None
    clocks = [replace(clock, clock_id=NOBODY, revision=0) for clock in bench.case.clocks]
    return sorted(clocks, key=lambda clock: (clock.key.name, clock.key.reference, clock.key.cycle))


@given(interleaved())
@settings(max_examples=400, deadline=None)
def test_every_order_of_topics_ends_alike(drawn: tuple[Tale, list[list[Received]]]) -> None:
    tale, batches = drawn
    end = minutes(100_000)
    in_order = Bench(tale).hears(sorted(tale.told, key=lambda r: r.occurred_at), now=end).sweeps(end)

    shuffled = Bench(tale)
    for batch in batches:
        shuffled.hears(batch, now=end)
    shuffled.sweeps(end)

    assert end_state(shuffled) == end_state(in_order)


@given(tales())
@settings(max_examples=200, deadline=None)
def test_hearing_everything_again_changes_nothing(tale: Tale) -> None:
    end = minutes(100_000)
    bench = Bench(tale).hears(tale.told, now=end).sweeps(end)
    before, told = end_state(bench), list(bench.steps)

    bench.hears(tale.told, now=end).sweeps(end)

    assert end_state(bench) == before
    assert bench.steps == told


@given(tales())
@settings(max_examples=400, deadline=None)
def test_heard_in_time_every_clock_starts_once_and_breaches_at_most_once(tale: Tale) -> None:
    """Heard as they happen, with sweeps in between: no breach is ever taken back, none is told twice."""
    bench = Bench(tale)
    for received in sorted(tale.told, key=lambda r: r.occurred_at):
        if bench.case is not None:
            bench.sweeps(received.occurred_at - timedelta(seconds=1))
        bench.hears([received], now=received.occurred_at)
    bench.sweeps(minutes(100_000))

    told = [kind.value for _, kind in bench.steps]
    assert "rescinded" not in told
    assert bench.case is not None
    breached = [clock for clock in bench.case.clocks if clock.breached_at is not None]
    assert told.count("breached") == len(breached)
    assert told.count("started") == len(bench.case.clocks)
    assert all(clock.breached_at == clock.due_at for clock in breached)


@given(tales(), st.data())
@settings(max_examples=300, deadline=None)
def test_any_permutation_and_duplication_of_the_facts_gives_the_same_clocks(tale: Tale, data: st.DataObject) -> None:
    """Not only the order between topics: every event anywhere, any of them more than once."""
    again = data.draw(st.lists(st.sampled_from(tale.told), max_size=6))
    events = data.draw(st.permutations([*tale.told, *again]))

    assert courses(events) == courses(sorted(tale.told, key=lambda r: (r.source, r.seq)))


def courses(events: Sequence[Received]) -> dict[Key, Course]:
    """What the facts of these events say of every clock of the case."""
    facts, newest = Facts(), None
    for received in events:
        assert isinstance(received.event, CaseBound)
        facts = hear(facts, received.event, received.seq)
        if newest is None or received.event.case.version > newest.version:
            newest = received.event.case
    assert newest is not None
    return {course.key: course for course in judge(completed(facts, newest), Book(RULES, RULES, {})).courses}
