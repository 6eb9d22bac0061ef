"""Shows a run: a live table on a terminal, one line a change elsewhere. What a row says is decided in `rows`, pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from services.client import routing_words, words
from services.stack.demo.director import Director
from services.stack.demo.plan import Seen
from shared.contracts.vocabulary import CaseStatus, PageState, RoutingOutcome

CHROME = 6
PAGE_STYLE = {PageState.TRIGGERED: "bold red", PageState.EXHAUSTED: "bold red", PageState.ACKNOWLEDGED: "yellow"}
STATUS_STYLE = {CaseStatus.RESOLVED: "green", CaseStatus.PENDING: "yellow"}


@dataclass(frozen=True)
class Row:
    """One case as the table shows it."""

    key: str
    language: str
    area: str
    status: CaseStatus
    held: str
    clock: str
    left: timedelta | None
    page: str
    page_state: PageState | None

    @property
    def overdue(self) -> bool:
        """Its next clock was due already."""
        return self.left is not None and self.left < timedelta(0)

    @property
    def urgency(self) -> tuple[bool, float]:
        """Sorts what still moves above what is resolved, the soonest deadline first."""
        return (self.status is CaseStatus.RESOLVED, self.left.total_seconds() if self.left is not None else 1e9)


def rows(director: Director, now: datetime) -> list[Row]:
    """One row a case, in the order of the story."""
    return [_row(script.key, seen, now) for script, _, seen in director.cases()]


def _row(key: str, seen: Seen, now: datetime) -> Row:
    clock, page = seen.next_clock, seen.loud
    return Row(
        key=key,
        language=seen.case.language,
        area=words.spaced(seen.case.policy_area),
        status=seen.case.status,
        held=_held(seen),
        clock=clock.name if clock else "",
        left=clock.due_at - now if clock and clock.due_at else None,
        page=_page(seen),
        page_state=page.state if page else None,
    )


def _held(seen: Seen) -> str:
    """Who has it and why; who had it once it is resolved."""
    if seen.decision is None:
        return ""
    if seen.assignment is None or seen.decision.outcome is not RoutingOutcome.ASSIGNED:
        return routing_words.brief(seen.decision)
    if seen.assignment.specialist != seen.decision.specialist:
        return f"{seen.assignment.specialist}: took it"
    return routing_words.brief(seen.decision)


def _page(seen: Seen) -> str:
    page = seen.loud
    if page is None:
        return ""
    if page.acknowledged_by and page.state is not PageState.TRIGGERED:
        return f"acknowledged by {page.acknowledged_by}"
    responders = ", ".join(dict.fromkeys(item.responder for item in page.responders))
    return f"{page.state} → {responders}" if responders else str(page.state)


def lines(before: Sequence[Row], after: Sequence[Row]) -> Iterable[str]:
    """What changed between two looks, one line a case; the passing of time alone is no change."""
    known = {row.key: row for row in before}
    for row in after:
        news = _news(known.get(row.key), row)
        if news:
            yield f"{row.key:<16} {row.language:<7} {' · '.join(news)}"


def _news(was: Row | None, row: Row) -> list[str]:
    news = []
    if was is None or row.status is not was.status:
        news.append(str(row.status))
    if row.held and (was is None or row.held != was.held):
        news.append(row.held)
    if row.overdue and not (was and was.overdue):
        news.append(f"{row.clock} overdue")
    if row.page and (was is None or row.page != was.page):
        news.append(f"page {row.page}")
    return news


def table(
    found: Sequence[Row], posted: int, total: int, away: Sequence[str], *, size: tuple[int, int]
) -> RenderableType:
    """The rows that fit a terminal of `size` (columns, lines), what moves first."""
    width, height = size
    room = max(height - CHROME - len(away), 3)
    resolved = sum(row.status is CaseStatus.RESOLVED for row in found)
    drawn = Table(
        title=f"{posted} of {total} posted, {len(found)} cases, {resolved} resolved",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        expand=True,
    )
    columns = [column for column in COLUMNS if width >= column.from_width]
    for column in columns:
        drawn.add_column(
            column.name, no_wrap=True, overflow="ellipsis", header_style="dim", width=column.width, ratio=column.ratio
        )
    for row in sorted(found, key=lambda row: row.urgency)[:room]:
        drawn.add_row(*(column.cell(row) for column in columns))
    rest = [Text(f"and {len(found) - room} more", style="dim")] if len(found) > room else []
    return Group(drawn, *rest, *(Text(f"waiting: {what}", style="yellow") for what in away))


@dataclass(frozen=True)
class Column:
    """A column of the table: of fixed `width` or a share of what is left, shown from a terminal's width on."""

    name: str
    cell: Callable[[Row], Text]
    width: int | None = None
    ratio: int | None = None
    from_width: int = 0


def _quiet(row: Row) -> str:
    return "dim" if row.status is CaseStatus.RESOLVED else ""


COLUMNS = (
    Column("case", lambda row: Text(row.key, style=_quiet(row)), width=19),
    Column("lang", lambda row: Text(row.language, style=_quiet(row)), width=7),
    Column("policy area", lambda row: Text(row.area, style=_quiet(row)), ratio=3, from_width=120),
    Column("who and why", lambda row: Text(row.held, style=_quiet(row)), ratio=5),
    Column("status", lambda row: Text(row.status, style=STATUS_STYLE.get(row.status, "")), width=12, from_width=90),
    Column("next clock", lambda row: Text(_clock(row), style="bold red" if row.overdue else ""), ratio=4),
    Column("page", lambda row: Text(row.page, style=_page_style(row)), ratio=3),
)


def _page_style(row: Row) -> str:
    return PAGE_STYLE.get(row.page_state, "green") if row.page_state else ""


def _clock(row: Row) -> str:
    if row.left is None:
        return ""
    left = words.length(row.left.total_seconds())
    return f"{row.clock} {left}" + (" late" if row.overdue else "")


class Board:
    """Where a run is shown; a context in which the table lives, when there is a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._before: list[Row] = []
        self._away: set[str] = set()

    def __enter__(self) -> "Board":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, director: Director) -> None:
        """Bring the table up to date, or write what changed."""
        now = director.lead.clock.now()
        found, away = rows(director, now), sorted(director.world.away.values())
        if self._live is not None:
            posted = len(director.progress.posted)
            drawn = table(found, posted, len(director.story), away, size=self._console.size)
            self._live.update(drawn, refresh=True)
            return
        since = (now - director.progress.began).total_seconds()
        for text in [f"waiting: {what}" for what in away if what not in self._away] + list(lines(self._before, found)):
            self._console.print(f"{since:6.1f} s  {text}", markup=False, highlight=False, soft_wrap=True)
        self._before, self._away = found, set(away)
