"""What `tocsin watch` and `tocsin case` show of the cases: order, changes, drawings, and where they look."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from services.commands.case_drawing import BAR, clock_bar, draw
from services.commands.desk import Row, Sight, changes, gone, rows
from services.commands.dossier import Dossier
from services.commands.target import NoTarget, find_target
from services.commands.watch import line, table
from shared.contracts.vocabulary import ServiceName
from tests.support.shapes import NOON, an_id, case, clock, decision, page


def sight(*cases: Any, clocks: Any = (), pages: Any = ()) -> Sight:
    return Sight(cases, tuple(clocks), tuple(pages), {})


def one(**changes: Any) -> Row:
    (found,) = rows(sight(case(**changes), clocks=[clock()]), NOON)
    return found


def test_the_soonest_deadline_comes_first_then_the_worst_severity() -> None:
    cases = [
        case(case_id=an_id(1), severity="low"),
        case(case_id=an_id(2), severity="critical"),
        case(case_id=an_id(3)),
    ]
    clocks = [clock(case_id=an_id(3), due_at=NOON + timedelta(minutes=1))]
    assert [row.case_id for row in rows(sight(*cases, clocks=clocks), NOON)] == [an_id(3), an_id(2), an_id(1)]


def test_a_clock_that_was_stopped_is_no_deadline() -> None:
    stopped = clock(state="breached", due_at=NOON - timedelta(hours=1), stopped_at=NOON)
    (row,) = rows(sight(case(), clocks=[stopped, clock()]), NOON)
    assert row.left == 1800


def test_an_overdue_clock_is_the_next_deadline() -> None:
    (row,) = rows(sight(case(), clocks=[clock(), clock("acknowledge", due_at=NOON - timedelta(seconds=5))]), NOON)
    assert (row.clock, row.left) == ("acknowledge", -5)


def test_an_unanswered_page_is_shown_before_an_acknowledged_one() -> None:
    for pages in ([page("acknowledged"), page("triggered")], [page("triggered"), page("acknowledged")]):
        (row,) = rows(sight(case(), pages=pages), NOON)
        assert row.page == "triggered"


def test_changes_are_new_cases_and_what_became_of_known_ones() -> None:
    before = [one()]
    assert changes(before, [one()]) == []
    assert changes(before, [one(assignee="ana")]) == [one(assignee="ana")]
    assert changes(before, [one(), one(case_id=an_id(7))]) == [one(case_id=an_id(7))]
    assert gone(before, []) == before


def test_a_line_names_the_case_who_has_it_and_its_deadline() -> None:
    said = line(one(assignee="ana"), NOON)
    assert said == f"12:00:00Z {case().case_id} hateful_conduct de DE high: open, ana, resolve 30 min"


@pytest.mark.parametrize("height", [8, 24])
@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_table_fits_with_whole_ids_and_counts_what_it_leaves_out(width: int, height: int) -> None:
    found = rows(sight(*(case(case_id=an_id(number)) for number in range(50))), NOON)
    console = Console(width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(table(found, NOON, ["cannot reach notifier"], size=(width, height)))
    shown = captured.get()
    assert len(shown.splitlines()) <= height
    assert "more" in shown
    assert str(an_id(0)) in shown
    assert "cannot reach notifier" in shown


@pytest.mark.parametrize(
    ("elapsed", "remaining", "full"), [(0, 3600, 0), (1800, 1800, 10), (3600, 0, 20), (7200, -3600, 20)]
)
def test_a_bar_is_full_when_the_target_is_used_up(elapsed: float, remaining: float, full: int) -> None:
    bar = clock_bar(clock(elapsed_seconds=elapsed, remaining_seconds=remaining)).plain
    assert (bar.count("█"), len(bar)) == (full, BAR)


def test_a_case_is_drawn_with_what_could_not_be_asked() -> None:
    dossier = Dossier(
        case=case(summary="Threat \x1b[2J against a school"),
        decisions=(decision(),),
        clocks=(clock(),),
        pages=(page(),),
        missing={"notifier": "cannot reach notifier"},
    )
    console = Console(width=100, color_system=None)
    with console.capture() as captured:
        console.print(draw(dossier, NOON))
    shown = captured.get()
    assert "\x1b" not in shown
    for expected in ("Threat", "30 min left", "Given to ana", "breach acknowledge", "cannot reach notifier"):
        assert expected in shown


@pytest.mark.parametrize(
    ("url", "notifier"),
    [
        ("http://127.0.0.1:9001", "http://127.0.0.1:9004"),
        ("127.0.0.1:9001", "http://127.0.0.1:9004"),
        ("https://tocsin.example.org", "https://tocsin.example.org"),
        ("http://[::1]:9001", "http://[::1]:9004"),
    ],
)
def test_the_other_services_are_found_beside_intake(url: str, notifier: str) -> None:
    assert find_target(url, "key", Path("nowhere")).urls[ServiceName.NOTIFIER] == notifier


@pytest.mark.parametrize("url", ["ftp://host:1", "http://", "http://host:99999", "http://:8001"])
def test_an_address_that_is_none_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(NoTarget, match=r"http://127\.0\.0\.1:8001"):
        find_target(url, "key", Path("nowhere"))


def test_without_a_stack_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoTarget, match="tocsin up"):
        find_target(None, None, tmp_path)
