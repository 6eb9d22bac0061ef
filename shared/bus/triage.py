"""What becomes of each record of a batch: applied, dropped as a duplicate, dead, or parked. Pure.

A relay sends again in order per key, so the last `seq` per key and source tells a duplicate. A gap is
applied and counted, for events are self-contained. The same `seq` under another id is a dead letter.
A copy of a record that was settled as a dead letter is a duplicate, too, though nothing of it can be read.
Poison parks what follows on its key; a conflict does not, for its place in the order is taken already.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from shared.bus.messages import Received
from shared.bus.records import CopyMark, Item
from shared.errors import Permanent, PermanentReason

SourceKey = tuple[str, str]
"""(key, source)"""

TopicKey = tuple[str, str]
"""(topic, key)"""


class Verdict(StrEnum):
    """Of one event against the last of its key and source."""

    APPLY = "apply"
    GAP = "gap"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Last:
    """The last event taken of a key and source."""

    seq: int
    ce_id: UUID


@dataclass(frozen=True)
class Known:
    """What the database knows of the keys of a batch: last events, and dead letters that park or are settled."""

    last: Mapping[SourceKey, Last]
    behind: Mapping[TopicKey, UUID]
    settled: frozenset[tuple[TopicKey, CopyMark]] = frozenset()
    """Dead letters that an operator has settled, as far as records that cannot be taken may be copies of them."""


@dataclass
class Triage:
    """The batch sorted. `last` holds what is to be remembered for each key and source that moved."""

    apply: list[Received] = field(default_factory=list)
    dead: list[tuple[Item, Permanent]] = field(default_factory=list)
    parked: list[tuple[Item, UUID]] = field(default_factory=list)
    duplicates: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    last: dict[SourceKey, Last] = field(default_factory=dict)


def judge(last: Last | None, seq: int, ce_id: UUID) -> Verdict:
    """Compare an event with the last one taken of its key and source (None: there was none)."""
    expected = 1 if last is None else last.seq + 1
    if seq > expected:
        return Verdict.GAP
    if seq == expected:
        return Verdict.APPLY
    if last is not None and seq == last.seq and ce_id != last.ce_id:
        return Verdict.CONFLICT
    return Verdict.DUPLICATE


def triage(items: Iterable[Item], known: Known) -> Triage:
    """Sort a batch, in order."""
    sorted_out = Triage()
    behind = dict(known.behind)
    for item in items:
        key = item.record.key_text
        place = (item.record.place.topic, key or "")
        if key is not None and place in behind:
            sorted_out.parked.append((item, behind[place]))
        elif item.received is None or item.fault is not None:
            if (place, item.record.copy_mark) in known.settled:
                sorted_out.duplicates[item.record.place.topic] += 1
                continue
            fault = item.fault or Permanent(PermanentReason.UNREADABLE, "not read")
            sorted_out.dead.append((item, fault))
            behind[place] = item.record.dead_letter_id
        else:
            _judge_one(item, item.received, sorted_out, known)
    return sorted_out


def _judge_one(item: Item, received: Received, sorted_out: Triage, known: Known) -> None:
    source_key = (received.key, received.source)
    last = sorted_out.last.get(source_key) or known.last.get(source_key)
    verdict = judge(last, received.seq, received.ce_id)
    if verdict is Verdict.DUPLICATE:
        sorted_out.duplicates[received.topic] += 1
        return
    if verdict is Verdict.CONFLICT:
        message = f"sequence {received.seq} of {received.source} was taken already, under another id"
        sorted_out.dead.append((item, Permanent(PermanentReason.CONFLICTING_SEQUENCE, message)))
        return
    if verdict is Verdict.GAP:
        sorted_out.gaps[received.topic] += 1
    sorted_out.apply.append(received)
    sorted_out.last[source_key] = Last(received.seq, received.ce_id)
