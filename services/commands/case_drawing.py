"""Draws a case for a terminal: head, clocks as bars, routing in plain words, pages, timeline."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.client import event_words, routing_words, words
from services.client.shapes import CaseView
from services.commands import clock_drawing
from services.commands.dossier import Dossier
from shared.contracts.views import ClockView, PageView
from shared.contracts.vocabulary import ClockState, PageState, Severity

SEVERITY_STYLE = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "yellow",
    Severity.MEDIUM: "cyan",
    Severity.LOW: "dim",
}
CLOCK_STYLE = {
    ClockState.RUNNING: "cyan",
    ClockState.PAUSED: "yellow",
    ClockState.MET: "green",
    ClockState.BREACHED: "red",
}
PAGE_STYLE = {PageState.TRIGGERED: "bold red", PageState.EXHAUSTED: "bold red", PageState.ACKNOWLEDGED: "yellow"}
BAR = 20


def draw(dossier: Dossier, now: datetime) -> RenderableType:
    """The whole case as of `now`, top to bottom; a part that could not be had says so in its place."""
    parts: list[RenderableType] = [_head(dossier.case)]
    if dossier.clocks:
        parts += [_title("Clocks"), _clocks(dossier), *_reasons(dossier, now)]
    if dossier.decisions:
        parts += [_title("Routing"), *_routing(dossier)]
    if dossier.pages:
        parts += [_title("Pages"), _pages(dossier.pages)]
    if dossier.timeline:
        parts += [_title("Timeline"), _timeline(dossier)]
    parts += [Text(f"{service}: {why}", style="red") for service, why in dossier.missing.items()]
    return Group(*parts)


def clock_bar(clock: ClockView) -> Text:
    """How much of its target a clock has used."""
    target = clock.elapsed_seconds + clock.remaining_seconds
    share = clock.elapsed_seconds / target if target > 0 else 1.0
    full = round(BAR * min(max(share, 0.0), 1.0))
    return Text("█" * full + "░" * (BAR - full), style=CLOCK_STYLE.get(clock.state, "dim"))


def at(instant: datetime, beside: datetime | None = None) -> str:
    """An instant in UTC to the second; without its date when that is the same as that of `beside`."""
    utc = instant.astimezone(UTC)
    same = beside is not None and utc.date() == beside.astimezone(UTC).date()
    return utc.strftime("%H:%M:%SZ" if same else "%Y-%m-%d %H:%M:%SZ")


def _title(text: str) -> RenderableType:
    return Padding(Text(text, style="bold"), (1, 0, 0, 0))


def _head(case: CaseView) -> RenderableType:
    facts = Table.grid(padding=(0, 2))
    for name, value in _facts(case):
        facts.add_row(Text(name, style="dim"), value)
    return Panel(
        Group(Text(words.plain(case.summary), style="bold"), Padding(facts, (1, 0, 0, 0))),
        title=Text(f"case {case.case_id}"),
        title_align="left",
    )


def _facts(case: CaseView) -> Iterable[tuple[str, Text]]:
    waiting = f"nobody: {words.spaced(case.waiting_reason)}" if case.waiting_reason else "nobody"
    outcome = f", {words.spaced(case.outcome)}" if case.outcome else ""
    yield "status", Text(f"{case.status}{outcome}")
    yield "severity", Text(f"{case.severity}, graphic {case.graphic}", style=SEVERITY_STYLE[case.severity])
    yield "about", Text(f"{words.spaced(case.policy_area)}, {case.language}, {case.region}{_subject(case)}")
    yield "reports", Text(f"{case.reports}, first {case.source} {words.plain(case.external_id)}")
    yield "received", Text(at(case.received_at))
    yield "assignee", Text(case.assignee or waiting)
    if case.preserve_until is not None:
        yield "legal hold", Text(f"until {at(case.preserve_until)}", style="yellow")
    for action in case.actions:
        regions = f" in {', '.join(action.regions)}" if action.regions else ""
        confirmed = f", confirmed by {action.confirmed_by}" if action.confirmed_by else ""
        yield "action", Text(f"{words.spaced(action.action)}{regions}: {action.state} by {action.by}{confirmed}")


def _subject(case: CaseView) -> str:
    return f", {case.subject.type} {words.plain(case.subject.id)}" if case.subject else ""


def _clocks(dossier: Dossier) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for clock in dossier.clocks:
        style = CLOCK_STYLE.get(clock.state, "dim")
        due = f"due {at(clock.due_at, dossier.case.received_at)}" if clock.due_at else ""
        table.add_row(Text(clock.name), clock_bar(clock), Text(words.clock(clock), style=style), Text(due, style="dim"))
    return table


def _reasons(dossier: Dossier, now: datetime) -> Iterable[RenderableType]:
    """Of each clock, why it is due when it is."""
    told = [(clock, clock_drawing.reasons(clock, now)) for clock in dossier.clocks]
    if not any(lines for _, lines in told):
        return
    yield _title(f"Why they are due then ({clock_drawing.LEGEND})")
    table = Table.grid(padding=(0, 2))
    for clock, (first, *rest) in ((clock, lines) for clock, lines in told if lines):
        table.add_row(Text(clock.name), Text(first, style=CLOCK_STYLE.get(clock.state, "dim")))
        table.add_row("", Text("\n".join(rest), style="dim"))
    yield table


def _routing(dossier: Dossier) -> Iterable[RenderableType]:
    newest, *earlier = dossier.decisions
    for sentence in routing_words.routing(newest):
        yield Text(sentence)
    for decision in earlier:
        yield Text(
            f"before, {at(decision.decided_at, dossier.case.received_at)}: {routing_words.brief(decision)}", style="dim"
        )


def _pages(pages: Iterable[PageView]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for page in pages:
        reasons = ", ".join(" ".join(filter(None, (item.kind, item.name))) for item in page.reasons)
        responders = ", ".join(dict.fromkeys(item.responder for item in page.responders))
        by = f", acknowledged by {page.acknowledged_by}" if page.acknowledged_by else ""
        counted = Counter(f"{item.channel} {item.state}" for item in page.attempts)
        sent = ", ".join(f"{what} ×{count}" if count > 1 else what for what, count in counted.items())
        style = PAGE_STYLE.get(page.state, "green")
        table.add_row(Text(reasons), Text(f"{page.state}{by}", style=style), Text(responders), Text(sent, style="dim"))
    return table


def _timeline(dossier: Dossier) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for entry in dossier.timeline:
        name = entry.type.removeprefix("tocsin.")
        who = str(entry.actor.get("id", ""))
        said = event_words.event(entry.type, entry.change)
        table.add_row(
            Text(at(entry.occurred_at, dossier.case.received_at), style="dim"),
            Text(name),
            Text(words.plain(said)),
            Text(who, style="dim"),
        )
    return table
