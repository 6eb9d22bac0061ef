"""Pages: every breach that a rule asks for pages once, each notice under one webhook-id, none after the end. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.checks.stories import instant, short
from tests.chaos.history import Kind
from tests.chaos.observed import Observed, Record, Row, Told
from tests.chaos.verdict import Figure

Found = Iterator[tuple[Figure, str]]

CALLS = ("page.triggered", "page.updated", "page.escalated")
"""Notices that call somebody; the others tell that there is nothing left to do."""

GRACE = timedelta(seconds=1)
GIVEN_UP = ("suppressed", "ambiguous")


def faults(observed: Observed) -> Found:
    """Every fault of pages and attempts."""
    pages = {row["page_id"]: row for row in observed.rows("notifier", "page")}
    attempts: dict[str, list[Row]] = defaultdict(list)
    for row in observed.rows("notifier", "attempt"):
        attempts[row["page_id"]].append(row)
    arrived: dict[str, list[Told]] = defaultdict(list)
    for told in observed.told:
        arrived[told.webhook_id].append(told)
    yield from _unpaged(observed, pages)
    for page in pages.values():
        yield from _undelivered(page, attempts[page["page_id"]], arrived)
    yield from _identities(observed, arrived)
    yield from _after_end(observed)
    yield from _as_told(observed, pages)


def duplicates(observed: Observed) -> int:
    """Requests that repeated a webhook-id: the receiver deduplicates them, here they are only told."""
    return len(observed.told) - len({told.webhook_id for told in observed.told})


def frozen_sends(observed: Observed) -> int:
    """Attempts after an end that had left before it, or cannot be fenced: a link was slow, a notifier was frozen."""
    return sum(_excused(observed, told, end) for told, end in _late(observed))


def _unpaged(observed: Observed, pages: Mapping[str, Row]) -> Found:
    paging: dict[str, list[str]] = defaultdict(list)
    for page in pages.values():
        for reason in page["reasons"]:
            if reason["kind"] == "breach":
                paging[reason["clock_id"]].append(page["page_id"])
    breaches = {r.change["clock"]["clock_id"]: r for r in observed.of_type("clock.breached")}
    for clock_id, record in breaches.items():
        found = paging.get(clock_id, [])
        if _rule(observed.config, record) is None:
            if found:
                yield Figure.DIVERGED, f"{record.at}: no rule asks to page, and {found[0]} does"
        elif not found:
            yield Figure.UNPAGED, f"{record.at}: clock {clock_id} is no page's reason"
        elif len(found) > 1:
            yield Figure.BREACHED_TWICE, f"{record.at}: clock {clock_id} pages as {' and '.join(found)}"
    for clock_id in paging.keys() - breaches.keys():
        yield Figure.DIVERGED, f"page {paging[clock_id][0]} is about clock {clock_id}, which no event says breached"


def _rule(config: Mapping[str, Any], record: Record) -> Mapping[str, Any] | None:
    severity, kind = record.case["severity"], record.change["clock"]["kind"]
    for rule in config["oncall"]["paging"]:
        fits = severity in rule.get("severities", [severity]) and kind in rule.get("kinds", [kind])
        if rule["on"] == "breach" and fits:
            found: Mapping[str, Any] = rule
            return found
    return None


def _undelivered(page: Row, attempts: list[Row], arrived: Mapping[str, list[Told]]) -> Found:
    """Calls that are sent arrived; a page that waits for somebody has called somebody."""
    calls = [attempt for attempt in attempts if attempt["type"] in CALLS]
    reached = [a for a in calls if any(told.taken for told in arrived.get(a["webhook_id"], ()))]
    for attempt in attempts:
        if attempt["state"] == "sent" and not any(told.taken for told in arrived.get(attempt["webhook_id"], ())):
            yield Figure.UNPAGED, f"attempt {attempt['attempt_id']} of page {page['page_id']} is sent and never arrived"
    if reached or (page["state"] == "resolved" and all(call["state"] in GIVEN_UP for call in calls)):
        return
    if page["state"] == "acknowledged" and calls and all(call["state"] in GIVEN_UP for call in calls):
        return
    states = ", ".join(call["state"] for call in calls) or "none"
    yield Figure.UNPAGED, f"page {page['page_id']} is {page['state']} and called nobody (attempts: {states})"


def _identities(observed: Observed, arrived: Mapping[str, list[Told]]) -> Found:
    known = {row["webhook_id"]: row for row in observed.rows("notifier", "attempt")}
    notices: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    names = ("page_id", "step", "round", "responder", "channel", "type", "about")
    for row in known.values():
        notices[tuple(row[name] for name in names)].add(row["webhook_id"])
    first: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for webhook_id, tellings in arrived.items():
        told = tellings[0]
        if webhook_id not in known:
            yield Figure.WEBHOOK_IDS, f"{webhook_id} ({told.type} of page {told.page_id}) is no attempt's"
        if told.type == "page.triggered":
            first[told.page_id, told.responder, told.channel].add(webhook_id)
    for notice, ids in (*notices.items(), *first.items()):
        if len(ids) > 1:
            yield Figure.WEBHOOK_IDS, f"page {notice[0]}, {notice[1:]}: {sorted(ids)}"


def _after_end(observed: Observed) -> Found:
    for told, end in _late(observed):
        if not _excused(observed, told, end):
            yield Figure.AFTER_ACK, f"{told.type} to {told.responder} at {told.at}, page {told.page_id} ended {end}"


def _late(observed: Observed) -> Iterator[tuple[Told, datetime]]:
    ends = _ends(observed)
    for told in observed.told:
        end = ends.get(told.page_id)
        if told.type in CALLS and end is not None and told.at > end + GRACE:
            yield told, end


def _ends(observed: Observed) -> dict[str, datetime]:
    """When each page was acknowledged or closed for sure: somebody outside had been told, or Kafka had it."""
    ends: dict[str, datetime] = {}
    for record in observed.of_type("page.acknowledged", "page.resolved"):
        page_id = record.change["page"]["page_id"]
        ends[page_id] = min(ends.get(page_id, record.appended), record.appended)
    for call in observed.calls:
        if call.kind is Kind.PAGE_ACK and call.taken:
            ends[call.subject] = min(ends.get(call.subject, call.ended), call.ended)
    return ends


def _excused(observed: Observed, told: Told, end: datetime) -> bool:
    """A notifier that looked before `end`, was frozen over it, and sent when it was thawed; or its link was as slow.

    A link that cut off or swallowed what was sent has made nothing late: what comes after it left after it.
    """
    return any(
        (d.what, d.act) in (("pager", "delay"), ("notifier", "freeze"))
        and d.start <= end + GRACE
        and told.at <= d.end + GRACE
        for d in observed.disturbances
    )


def _as_told(observed: Observed, pages: Mapping[str, Row]) -> Found:
    last: dict[str, Record] = {}
    for record in observed.first_sendings():
        if short(record).startswith("page.") and "page" in record.change:
            last[record.change["page"]["page_id"]] = record
    for page_id, record in last.items():
        row, shown = pages.get(page_id), record.change["page"]
        if row is None or row["state"] != shown["state"] or row["acknowledged_at"] != instant(shown["acknowledged_at"]):
            yield Figure.DIVERGED, f"page {page_id} is {row['state'] if row else 'not there'}; {record.at} differs"
    for page_id in pages.keys() - last.keys():
        yield Figure.DIVERGED, f"page {page_id} is in no topic"
