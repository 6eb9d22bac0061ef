"""Sequences: per key and source without gaps and in order, in Kafka and as each consumer applied them. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.chaos.observed import Observed, Record
from tests.chaos.quiet import READ_BY
from tests.chaos.verdict import Figure

Found = Iterator[tuple[Figure, str]]

_OWN_SEQUENCE = {"intake": ("case_id", "version"), "router": ("case_id", "seq"), "sla_monitor": ("case_id", "seq")}
_OWN_SEQUENCE["notifier"] = ("key", "seq")


@dataclass
class Line:
    """What one source sent of one key, in order of the log; `events` holds each sequence's first sending."""

    events: dict[int, Record] = field(default_factory=dict)
    again: int = 0

    @property
    def last(self) -> int:
        return max(self.events, default=0)


def faults(observed: Observed) -> Found:
    """Gaps, disorder, positions and tables that do not agree with the topics."""
    lines: dict[tuple[str, str], Line] = defaultdict(Line)
    shifted = {d.what for d in observed.disturbances if d.act == "clock"} - {"intake"}
    for record in observed.records:
        yield from _take(lines[record.key, record.service], record, steady=record.service not in shifted)
    yield from _partitions(observed)
    yield from _applied(observed, lines)
    yield from _timeline(observed, lines)
    yield from _own(observed, lines)


def sent_again(observed: Observed) -> int:
    """How many records are repeated sendings of one event."""
    return len(observed.records) - len({record.ce_id for record in observed.records})


def _take(line: Line, record: Record, *, steady: bool) -> Found:
    """`steady`: instants of this sender never go back; those of intake do not even when its clock does."""
    known = line.events.get(record.seq)
    if known is not None:
        if known.ce_id != record.ce_id:
            yield Figure.ORDER, f"{record.at}: another event than {known.at} under the same sequence"
        return
    if record.seq > line.last + 1:
        yield Figure.GAPS, f"{record.at}: after #{line.last}"
    if record.seq < line.last:
        yield Figure.ORDER, f"{record.at}: after #{line.last}"
    before = line.events.get(line.last)
    if steady and before is not None and record.recorded_at < before.recorded_at:
        yield Figure.ORDER, f"{record.at}: recorded before {before.at}"
    line.events[record.seq] = record


def _partitions(observed: Observed) -> Found:
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for record in observed.records:
        found[record.topic, record.key].add(record.partition)
    for (topic, key), partitions in found.items():
        if len(partitions) > 1:
            yield Figure.ORDER, f"{key} stands in partitions {sorted(partitions)} of {topic}"


def _applied(observed: Observed, lines: Mapping[tuple[str, str], Line]) -> Found:
    """Each consumer's last event of a key and source is the last that was sent."""
    topic_of = {(r.key, r.service): r.topic for r in observed.records}
    for service, topics in READ_BY.items():
        taken = {(r["key"], r["source"].rsplit("/", 1)[-1]): r for r in observed.rows(service, "consumed")}
        for place, line in lines.items():
            if topic_of[place] not in topics:
                continue
            row = taken.get(place)
            last = line.events[line.last]
            if row is None or row["last_seq"] != line.last:
                yield Figure.GAPS, f"{service} took {row['last_seq'] if row else 'nothing'} last, not {last.at}"
            elif row["last_ce_id"] != last.ce_id:
                yield Figure.ORDER, f"{service} took another event than {last.at} as the last"


def _timeline(observed: Observed, lines: Mapping[tuple[str, str], Line]) -> Found:
    """The timeline holds each event of each case once: nothing applied is missing, nothing else is there."""
    told: dict[tuple[str, str], set[int]] = defaultdict(set)
    for row in observed.rows("intake", "timeline"):
        told[row["case_id"], row["source"].rsplit("/", 1)[-1]].add(row["sequence"])
    for place, line in lines.items():
        if not line.events[line.last].value.get("case_id"):
            continue
        missing = sorted(set(line.events) - told[place])
        if missing:
            yield Figure.GAPS, f"intake's timeline of {place[0]} lacks {place[1]}'s {missing[:5]}"
    for place, numbers in told.items():
        more = sorted(numbers - set(lines[place].events if place in lines else ()))
        if more:
            yield Figure.LOST, f"{place[1]}'s {more[:5]} of {place[0]} are in the timeline and in no topic"


def _own(observed: Observed, lines: Mapping[tuple[str, str], Line]) -> Found:
    """What a service counts of its own events is what it sent."""
    for service, (key, column) in _OWN_SEQUENCE.items():
        for row in observed.rows(service, "cases"):
            sent = lines[row[key], service].last if (row[key], service) in lines else 0
            if row[column] != sent:
                yield Figure.GAPS, f"{service} counts {row[column]} events of {row[key]}, its topic ends at {sent}"
