"""Clocks: what was past due breached, once; what had been stopped before did not; tables say what topics say. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tests.chaos.checks.clockwork import Expected, expected
from tests.chaos.checks.stories import Story, instant, short, stories
from tests.chaos.observed import Disturbance, Observed, Record, Row
from tests.chaos.verdict import Figure

Found = Iterator[tuple[Figure, str]]

OPEN = ("running", "paused")

LAGGING_AFTER = timedelta(seconds=29)
"""A breach without the whole evidence may come this long after due (30 s, less a moment)."""

BROKERS = ("kafka", "broker", "stack")

MOMENT = timedelta(milliseconds=50)
"""Between the clocks of broker and database, and below what a record's time resolves."""


def faults(observed: Observed) -> Found:
    """Every fault of clocks."""
    told = stories(observed)
    rows = {(r["case_id"], r["name"], r["reference"]): r for r in observed.rows("sla_monitor", "clocks")}
    wanted = [clock for story in told.values() for clock in expected(story, observed.config)]
    for clock in wanted:
        yield from _judged(observed, clock, rows.get((clock.case_id, clock.name, clock.reference)))
    yield from _left_open(observed)
    yield from _breached_twice(observed)
    yield from _breached_early(observed)
    yield from _unfounded(observed, told)
    yield from _as_told(observed)


def lagging(observed: Observed) -> int:
    """Breaches that did not wait for their evidence any longer."""
    return sum(record.change["clock"]["evidence"] == "lagging" for record in observed.of_type("clock.breached"))


def _judged(observed: Observed, clock: Expected, row: Row | None) -> Found:
    what = f"{clock.name} {clock.reference} of {clock.case_id}".replace("  ", " ")
    if row is None:
        if clock.must_breach(observed.at):
            yield Figure.UNBREACHED, f"{what}: due {clock.last}, and there is no such clock"
    elif clock.must_breach(observed.at) and row["state"] != "breached":
        yield Figure.UNBREACHED, f"{what}: due {clock.last}, stopped {clock.stop}, and it is {row['state']}"
    elif clock.must_not(observed.at) and row["state"] == "breached":
        yield Figure.UNFOUNDED, f"{what}: due {clock.first}, stopped {clock.stop}, and it stands breached"


def _left_open(observed: Observed) -> Found:
    for row in observed.rows("sla_monitor", "clocks"):
        if row["state"] == "running" and row["due_at"] is not None and row["due_at"] < observed.at:
            yield Figure.UNBREACHED, f"{row['name']} of {row['case_id']} was due {row['due_at']} and runs on"


def _breached_twice(observed: Observed) -> Found:
    breaches: dict[str, list[Record]] = defaultdict(list)
    for record in observed.of_type("clock.breached"):
        breaches[record.change["clock"]["clock_id"]].append(record)
    for clock_id, records in breaches.items():
        if len(records) > 1:
            yield Figure.BREACHED_TWICE, f"clock {clock_id}: {' and '.join(record.at for record in records)}"


def _breached_early(observed: Observed) -> Found:
    """Before due only a monitor whose clock is ahead believes itself."""
    for record in observed.of_type("clock.breached"):
        due = instant(record.change["clock"]["due_at"])
        if due is not None and record.appended + MOMENT < due and not _ahead(observed, record):
            yield Figure.UNFOUNDED, f"{record.at}: due {due}, and it lay there at {record.appended}"


def _ahead(observed: Observed, breach: Record) -> bool:
    return any((d.what, d.act) == ("sla_monitor", "clock") and d.covers(breach.appended) for d in observed.disturbances)


def _unfounded(observed: Observed, told: Mapping[str, Story]) -> Found:
    """A stop that happened in time and lay in Kafka before the clock was due is evidence that was not looked at."""
    clocks = {
        (clock.case_id, clock.name, clock.reference): clock
        for story in told.values()
        for clock in expected(story, observed.config)
    }
    rows = {row["clock_id"]: row for row in observed.rows("sla_monitor", "clocks")}
    for record in observed.of_type("clock.breached"):
        shown, row = record.change["clock"], rows.get(record.change["clock"]["clock_id"])
        clock = clocks.get((record.key, shown["name"], row["reference"])) if row else None
        for stop in clock.stops if clock else ():
            if _was_there(observed, stop, record):
                yield Figure.UNFOUNDED, f"{record.at}: due {shown['due_at']}, {stop.at} lay there at {stop.appended}"


def _was_there(observed: Observed, stop: Record, breach: Record) -> bool:
    due = instant(breach.change["clock"]["due_at"])
    assert due is not None
    if stop.happened_at > due or stop.appended + MOMENT >= due:
        return False
    late = breach.change["clock"]["evidence"] == "lagging" and breach.recorded_at >= due + LAGGING_AFTER
    return not late and not any(_hidden(d, stop, breach) for d in observed.disturbances)


def _hidden(disturbance: Disturbance, stop: Record, breach: Record) -> bool:
    """A broker may show a record late while it or another is down; a monitor whose clock is ahead believes itself."""
    if disturbance.what in BROKERS:
        return disturbance.covers(stop.appended)
    shifted = (disturbance.what, disturbance.act) == ("sla_monitor", "clock")
    return shifted and disturbance.covers(breach.appended)


def _agree(row: Row, shown: Mapping[str, Any]) -> bool:
    """The same state and stop; that a clock was stopped in time even earlier is not told again."""
    stopped = instant(shown["stopped_at"])
    same = row["stopped_at"] == stopped
    earlier = row["state"] in ("met", "rescinded") and stopped is not None and row["stopped_at"] < stopped
    return row["state"] == shown["state"] and (same or earlier)


def _as_told(observed: Observed) -> Found:
    last: dict[str, Record] = {}
    for record in observed.first_sendings():
        if short(record).startswith("clock."):
            last[record.change["clock"]["clock_id"]] = record
    rows = {row["clock_id"]: row for row in observed.rows("sla_monitor", "clocks")}
    for clock_id, record in last.items():
        row, shown = rows.get(clock_id), record.change["clock"]
        if row is None or not _agree(row, shown):
            found = f"{row['state']}, stopped {row['stopped_at']}" if row else "not there"
            yield Figure.DIVERGED, f"clock {clock_id} is {found}; {record.at} says {shown['state']}"
    for clock_id in rows.keys() - last.keys():
        yield Figure.DIVERGED, f"clock {clock_id} is in no topic"
