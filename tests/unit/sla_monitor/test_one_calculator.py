"""Preview, `tocsin sla-due` and the monitor say the same of the same clock: they are one calculator."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.cli import main
from services.commands import sla_due
from services.sla_monitor.announcing import view_of
from services.sla_monitor.preview import Answer, Refused, calculate
from services.sla_monitor.preview_shapes import PreviewQuestion, question_of
from shared.config.sla import SlaConfig
from shared.contracts.scalars import format_instant
from tests.support import config_dir
from tests.unit.sla_monitor.drawing import SCENES, Drawn, draw
from tests.unit.sla_monitor.rules import SLA, Bench, rules
from tests.unit.sla_monitor.tale import Tale
from tests.unit.sla_monitor.walker import HALF, Scene

EACH = 25
"""Definitions of each scene."""


def configured(drawn: Drawn) -> dict[str, Any]:
    """A configuration whose `resolve` is the drawn clock."""
    target: dict[str, Any] = {"target": (drawn.target * HALF).total_seconds()}
    calendars = {} if drawn.spec is None else {"drawn": drawn.spec}
    if drawn.spec is not None:
        target["calendar"] = "drawn"
    return {**SLA, "calendars": SLA["calendars"] | calendars, "internal": {"resolve": {"critical": target}}}


def previewed(drawn: Drawn, now: datetime) -> Answer:
    """What `POST /v1/sla/preview` answers; raises `Refused`."""
    pauses = [
        {"start": format_instant(span.start), "end": None if span.end.year == 9999 else format_instant(span.end)}
        for span in drawn.timing.pauses
    ]
    asked = {
        "start": format_instant(drawn.timing.start),
        "target": drawn.timing.target.total_seconds(),
        "calendar": drawn.spec,
        "pauses": pauses,
        "now": format_instant(now),
    }
    return calculate(question_of(PreviewQuestion.model_validate(asked), rules("v"), present=now))


def monitored(drawn: Drawn, now: datetime) -> tuple[Any, ...]:
    """Due, levels, elapsed and remaining as the monitor has them of a case that was pending so."""
    tale = Tale(start=drawn.timing.start).opened(drawn.timing.start, received=drawn.timing.start)
    for span in drawn.timing.pauses:
        tale.pended(span.start, "vendor")
        if span.end.year < 9999:
            tale.resumed(span.end)
    book = rules("v", **configured(drawn))
    clock = Bench(tale, book).hears(tale.told, now=now).clock("resolve")
    view = view_of(clock, book, now)
    return clock.due_at, [(t.percent, t.at) for t in clock.thresholds], view.elapsed_seconds, view.remaining_seconds


@pytest.mark.parametrize(("zone", "first"), SCENES)
def test_the_three_agree_on_random_definitions(zone: str, first: date) -> None:
    compared = 0
    for number in range(EACH):
        drawn = draw(Scene(zone, first), random.Random(f"{zone}/{first}/{number}"))
        now = max(drawn.scene.at(drawn.now), drawn.timing.start)
        try:
            preview = previewed(drawn, now)
        except Refused:
            continue  # never open, or not within five years: no configuration would be taken with it
        compared += 1
        assert monitored(drawn, now) == (
            preview.due_at,
            list(preview.thresholds),
            preview.elapsed.total_seconds(),
            preview.remaining.total_seconds(),
        ), drawn
        assert commanded(drawn) == unpaused(drawn, now), drawn
    assert compared > EACH // 2


def commanded(drawn: Drawn) -> tuple[datetime | None, tuple[tuple[int, datetime | None], ...]]:
    """Due and levels as the command calculates them, which knows no pauses."""
    sla = SlaConfig.model_validate(configured(drawn))
    target, start = str(drawn.timing.target.total_seconds()), format_instant(drawn.timing.start)
    found = calculate(sla_due.question(target, None if drawn.spec is None else "drawn", start, sla))
    return found.due_at, found.thresholds


def unpaused(drawn: Drawn, now: datetime) -> tuple[datetime | None, tuple[tuple[int, datetime | None], ...]]:
    found = previewed(Drawn(**{**drawn.__dict__, "pauses": ()}), now)
    return found.due_at, found.thresholds


def test_the_command_itself_prints_what_the_monitor_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = draw(Scene(*SCENES[0]), random.Random(4))
    assert drawn.spec is not None
    files = config_dir.configuration(pager_url="http://127.0.0.1:1/")
    weekly = [{"days": ["mon", "sat", "sun"], "open": "22:15", "close": "02:30"}]
    sla = configured(drawn) | {"calendars": {"drawn": {**drawn.spec, "weekly": weekly, "closed": [], "special": []}}}
    folder = config_dir.write(tmp_path / "config", files | {"sla": sla})
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    target = str((drawn.target * HALF).total_seconds())

    with pytest.raises(SystemExit) as ended:
        main(
            [
                *("sla-due", "--target", target, "--calendar", "drawn", "--start", format_instant(start)),
                *("--config-dir", str(folder), "--json"),
            ]
        )

    assert ended.value.code in (0, None)
    told = Tale(start=start).opened(start, received=start)
    book = rules("v", **sla)
    clock = Bench(told, book).hears(told.told, now=start + timedelta(days=1)).clock("resolve")
    assert clock.due_at is not None
    assert json.loads(capsys.readouterr().out)["due_at"] == format_instant(clock.due_at)
