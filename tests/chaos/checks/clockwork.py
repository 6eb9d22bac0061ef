"""When clocks must have breached, reckoned anew from the events of a case: no code of the product is used. Pure.

Every clock of these configurations runs 24×7, so that due is the start, the target, and the pauses before it. Where
a case had several severities, due is a range: what a breach must or must not be is said only outside of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.contracts.scalars import parse_duration
from tests.chaos.checks.stories import Story, instant
from tests.chaos.observed import Record

Span = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Expected:
    """One clock as the events have it: due between `first` and `last` (None: never), stopped at `stop`."""

    case_id: str
    name: str
    reference: str
    first: datetime | None
    last: datetime | None
    stop: datetime | None
    stops: tuple[Record, ...]

    def must_breach(self, at: datetime) -> bool:
        """Whether it was past due, unstopped, under every severity."""
        return self.last is not None and self.last < at and (self.stop is None or self.stop > self.last)

    def must_not(self, at: datetime) -> bool:
        """Whether it was stopped in time, or is not due, under every severity."""
        if self.first is None or self.first > at:
            return True
        return self.stop is not None and self.stop <= self.first


def expected(story: Story, config: Mapping[str, Any]) -> Iterator[Expected]:
    """The clocks `acknowledge`, `first_action`, `resolve` (unless reopened) and those of orders."""
    if not story.told or story.told[0].type != "tocsin.case.opened":
        return
    pauses = _pauses(story, None)
    acted, resolved = story.of("case.action_taken"), story.of("case.resolved")
    acknowledged = story.of("case.acknowledged", "assignment.accepted")
    for name, stops, paused in (
        ("acknowledge", [*acknowledged, *resolved], ()),
        ("first_action", [*acted, *resolved], pauses),
        ("resolve", resolved, pauses),
    ):
        if name != "resolve" or not story.of("case.reopened"):
            targets = {parse_duration(config["sla"]["internal"][name][one]) for one in story.severities()}
            start = instant(story.told[0].case["received_at"])
            assert start is not None
            yield _clock(story, name, "", start, targets, stops, paused)
    yield from _orders(story, config, acted, resolved)


def _orders(story: Story, config: Mapping[str, Any], acted: list[Record], resolved: list[Record]) -> Iterator[Expected]:
    laws = {law["id"]: law for law in config["sla"]["regulatory"]}
    for order in story.last["legal_orders"]:
        law = laws[order["clock"]]
        start, due = instant(order["received_at"]), instant(order["due_at"])
        assert start is not None
        target = due - start if due is not None else parse_duration(law["target"])
        stops = [record for record in acted if record.change["action"]["action"] in law["stop"]["actions"]]
        pauses = _pauses(story, frozenset(law["suspended_by"]))
        yield _clock(story, law["id"], order["reference"], start, {target}, [*stops, *resolved], pauses)


def _clock(
    story: Story,
    name: str,
    reference: str,
    start: datetime,
    targets: set[timedelta],
    stops: list[Record],
    pauses: tuple[Span, ...],
) -> Expected:
    stop = max(start, min(record.happened_at for record in stops)) if stops else None
    dues = [_due(start, target, pauses, stop) for target in sorted(targets)]
    return Expected(story.case_id, name, reference, dues[0], dues[-1], stop, tuple(stops))


def _due(start: datetime, target: timedelta, pauses: tuple[Span, ...], stop: datetime | None) -> datetime | None:
    """The instant at which the time outside of pauses reaches the target; pauses end with the stop."""
    due = start + target
    for begin, end in pauses:
        begin, end = max(begin, start), end if stop is None else min(end or stop, stop)
        if begin > due or (end is not None and end <= begin):
            continue
        if end is None:
            return None
        due += end - begin
    return due


def _pauses(story: Story, reasons: frozenset[str] | None) -> tuple[Span, ...]:
    """When it was pending for one of `reasons` (None: any)."""
    found: list[Span] = []
    since: datetime | None = None
    for record in story.told:
        if record.type.removeprefix("tocsin.case.") not in ("pended", "resumed", "transferred", "resolved"):
            continue
        pending = set(record.change.get("reasons", ()))
        paused = bool(pending if reasons is None else pending & reasons)
        if paused and since is None:
            since = record.happened_at
        elif not paused and since is not None:
            found.append((since, record.happened_at))
            since = None
    return tuple(found) if since is None else (*found, (since, None))
