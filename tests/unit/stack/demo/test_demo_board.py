"""What the board says: one line a change, a table that fits its terminal, figures by nearest rank."""

from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from services.stack.demo.board import Row, lines, table
from services.stack.demo.figures import Waits, assigned_at_once, due_to_page, moments
from services.stack.demo.plan import Seen
from services.stack.demo.scripts import Part, Scripted
from shared.contracts.vocabulary import CaseStatus, PageState
from tests.support.shapes import CASE, NOON, case, clock, decision, page


def row(key: str = "one", **changes: Any) -> Row:
    given: dict[str, Any] = {
        "key": key,
        "language": "de",
        "area": "hateful conduct",
        "status": CaseStatus.OPEN,
        "held": "",
        "clock": "resolve",
        "left": timedelta(hours=1),
        "page": "",
        "page_state": None,
    }
    return Row(**given | changes)


def said(before: list[Row], after: list[Row]) -> list[str]:
    return [" ".join(line.split()) for line in lines(before, after)]


def test_what_changed_is_said_once() -> None:
    held = row(held="ana, best of 2")
    assert said([], [held]) == ["one de open · ana, best of 2"]
    assert said([held], [row(held="ana, best of 2", status=CaseStatus.RESOLVED)]) == ["one de resolved"]
    assert said([held], [held]) == []


def test_the_passing_of_time_is_no_change_until_a_clock_is_overdue() -> None:
    before = row(left=timedelta(seconds=2))
    assert said([before], [row(left=timedelta(seconds=1))]) == []
    late = row(left=timedelta(seconds=-1), clock="acknowledge")
    assert said([before], [late]) == ["one de acknowledge overdue"]
    assert said([late], [row(left=timedelta(seconds=-2), clock="acknowledge")]) == []


def test_a_page_is_said_and_its_acknowledgement() -> None:
    out = row(page="triggered → rosa", page_state=PageState.TRIGGERED)
    done = row(page="acknowledged by rosa", page_state=PageState.ACKNOWLEDGED)
    assert said([row()], [out]) == ["one de page triggered → rosa"]
    assert said([out], [done]) == ["one de page acknowledged by rosa"]


@pytest.mark.parametrize("height", [12, 24, 60])
@pytest.mark.parametrize("width", [60, 100, 160])
def test_the_table_fits_the_terminal_and_keeps_what_still_moves(height: int, width: int) -> None:
    rows = [row(f"done-{number}", status=CaseStatus.RESOLVED) for number in range(40)] + [row("moving")]
    console = Console(width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(table(rows, 41, 50, ["router"], size=(width, height)))
    shown = captured.get().splitlines()
    assert len(shown) <= height
    assert any(line.startswith("mov") for line in shown)


def test_quantiles_are_nearest_ranks() -> None:
    waits = Waits(tuple(number / 1000 for number in range(1, 101)))
    assert (waits.quantile(0.5), waits.quantile(0.99)) == (0.05, 0.099)
    assert waits.words() == "p50 50 ms, p99 99 ms"
    assert Waits((0.2,)).words() == "200 ms"
    assert Waits(()).words() == "none"


def test_post_to_assigned_counts_only_what_was_given_away_at_once() -> None:
    def decided(outcome: str, seconds: float) -> dict[str, Any]:
        return {"outcome": outcome, "decided_at": (NOON + timedelta(seconds=seconds)).isoformat()}

    decisions = {
        "at-once": [decided("assigned", 9), decided("assigned", 0.05)],
        "waited": [decided("assigned", 5), decided("waiting", 0.05)],
        "never": [],
    }
    assert assigned_at_once(dict.fromkeys(decisions, NOON), decisions).seconds == (0.05,)


def delivery(seconds: float = 0.3, kind: str = "page.triggered", **clock_changes: Any) -> dict[str, Any]:
    due = {"state": "breached", "cause": None, "due_at": NOON.isoformat(), **clock_changes}
    arrived = (NOON + timedelta(seconds=seconds)).isoformat()
    return {"type": kind, "case_id": str(CASE), "received_at": arrived, "body": {"data": {"clock": due}}}


def test_due_to_page_counts_breaches_that_fell_due_while_watched() -> None:
    deliveries = [
        delivery(0.3),
        delivery(9, cause="late_arrival"),
        delivery(9, kind="page.acknowledged"),
        delivery(9, state="running"),
        delivery(9) | {"case_id": "another"},
        delivery(9) | {"body": {"data": {"clock": None}}},
    ]
    assert due_to_page(deliveries, [str(CASE)]).seconds == (0.3,)


def test_the_moments_of_the_story_are_told() -> None:
    def scripted(key: str, part: Part) -> Scripted:
        return Scripted(key=key, source="report-tool", fields={}, part=part)

    order = Seen(case(), clocks=(clock("eu.tco.art3", kind="regulatory", state="met", stopped_at=NOON),))
    breached = clock("acknowledge", state="breached", stopped_at=NOON, remaining_seconds=-3)
    left = Seen(case(), clocks=(breached,), pages=(page("resolved", acknowledged_by="rosa"),))
    unheard = Seen(case(language="sw", status="resolved"), decision=decision())
    told = moments(
        [
            (scripted("order", Part.ORDER), order),
            (scripted("plain", Part.PLAIN), order),
            (scripted("left", Part.LEFT), left),
            (scripted("unheard", Part.UNHEARD), unheard),
        ]
    )
    assert told == [
        "order: eu.tco.art3 met with 30 min to spare",
        "left: acknowledge breached, stopped 3 s late; its page was acknowledged by rosa",
        "unheard: nobody has sw; given to ana, resolved",
    ]
