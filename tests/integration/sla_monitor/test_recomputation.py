"""Open clocks judged anew: by command after a changed definition, by themselves after new time zone data."""

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.sla_monitor.recomputation import Recomputation
from services.sla_monitor.recomputing import Change, Why
from shared.config import holidays
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ActorKind, ClockState
from shared.db import Database
from shared.tzdata import tzdata_version
from tests.integration.sla_monitor.monitor import Monitor
from tests.integration.sla_monitor.test_events import take_up
from tests.unit.sla_monitor.rules import SLA
from tests.unit.sla_monitor.tale import T0, Tale, minutes

LEAD = Actor(kind=ActorKind.PERSON, id="lead")
FASTER = {**SLA, "internal": {**SLA["internal"], "acknowledge": {"critical": "PT1M"}, "resolve": {"critical": "PT2H"}}}
OFFICE_LAW = {
    "id": "de.office", "jurisdiction": "DE", "basis": "test", "trigger": "report", "target": "PT8H",
    "calendar": "berlin", "certainty": "high", "source": "test", "verified_on": "2026-11-22",
}  # fmt: skip


def recomputation(monitor: Monitor) -> Recomputation:
    return Recomputation(monitor.db, monitor.caseload, LEAD)


def dues(changes: list[Change]) -> dict[str, tuple[datetime | None, datetime | None, tuple[Why, ...]]]:
    return {change.name: (change.from_due, change.to_due, change.why) for change in changes}


async def audited(db: Database) -> list[tuple[str, str, str]]:
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT actor_id, action, subject FROM audit ORDER BY id")
    return [(row["actor_id"], row["action"], row["subject"]) for row in rows]


async def test_the_difference_is_shown_first_and_nothing_changes_by_looking(monitor: Monitor, tmp_path: Path) -> None:
    tale = Tale().opened().acknowledged(3)
    await monitor.hears(tale.told)
    before = await monitor.clocks(tale.case_id)
    await take_up(monitor, tmp_path, FASTER)

    found = await recomputation(monitor).look()

    assert dues(found) == {"resolve": (minutes(60), minutes(120), (Why.DEFINITION,))}
    assert await monitor.clocks(tale.case_id) == before
    assert await audited(monitor.db) == []


async def test_applied_it_retargets_what_is_open_is_told_and_audited(monitor: Monitor, tmp_path: Path) -> None:
    tale = Tale().opened().acknowledged(3)
    await monitor.hears(tale.told)
    await take_up(monitor, tmp_path, FASTER)

    changed = await recomputation(monitor).apply()

    clocks = await monitor.clocks(tale.case_id)
    assert [change.name for change in changed] == ["resolve"]
    assert (clocks["resolve"].due_at, clocks["resolve"].version) == (minutes(120), monitor.config.current.version)
    assert await monitor.told_of(tale.case_id, "resolve") == ["started", "retargeted"]
    assert await audited(monitor.db) == [("lead", "clock.recompute", f"case {tale.case_id}")]
    assert await recomputation(monitor).look() == []


async def test_what_was_met_stays_met_whatever_comes_later(monitor: Monitor, tmp_path: Path) -> None:
    """Acknowledged after three minutes of five; a new definition of one minute does not reach back."""
    tale = Tale().opened().acknowledged(3)
    await monitor.hears(tale.told)
    await take_up(monitor, tmp_path, FASTER)
    await recomputation(monitor).apply()

    tale.noted(10).resolved(20)
    await monitor.at(minutes(20)).hears(tale.told[-2:])

    clocks = await monitor.clocks(tale.case_id)
    assert {clock.state for clock in clocks.values()} == {ClockState.MET}
    assert await monitor.told_of(tale.case_id, "acknowledge") == ["started", "met"]


async def test_late_only_by_the_new_definition_it_breaches_once_and_says_why(monitor: Monitor, tmp_path: Path) -> None:
    tale = Tale().opened()
    await monitor.hears(tale.told)
    monitor.at(minutes(3))
    await take_up(monitor, tmp_path, FASTER)

    await recomputation(monitor).apply()
    await monitor.caught_up()
    await monitor.sweep()
    await monitor.sweep()

    clock = (await monitor.clocks(tale.case_id))["acknowledge"]
    assert (clock.state, clock.cause, clock.due_at) == (ClockState.BREACHED, "retarget", minutes(1))
    assert (await monitor.told_of(tale.case_id, "acknowledge")).count("breached") == 1


async def test_a_definition_that_is_gone_cancels_its_clock_for_good(monitor: Monitor, tmp_path: Path) -> None:
    tale = Tale().opened()
    await monitor.hears(tale.told)
    await take_up(monitor, tmp_path, {**SLA, "internal": {"acknowledge": {"critical": "PT5M"}}})

    await recomputation(monitor).apply()
    await monitor.hears(tale.noted(4).told[-1:])

    clocks = await monitor.clocks(tale.case_id)
    states = {name: clock.state.value for name, clock in clocks.items()}
    assert states == {"acknowledge": "running", "first_action": "cancelled", "resolve": "cancelled"}
    assert await monitor.told_of(tale.case_id, "resolve") == ["started", "cancelled"]


async def test_an_order_s_clock_is_never_cancelled_by_it(monitor: Monitor, tmp_path: Path) -> None:
    order = {"clock": "eu.tco.art3", "reference": "BKA-1", "received_at": 0}
    tale = Tale().opened(orders=[order])
    await monitor.hears(tale.told)
    await take_up(monitor, tmp_path, {**SLA, "regulatory": []})

    assert "eu.tco.art3" not in dues(await recomputation(monitor).apply())
    assert (await monitor.clocks(tale.case_id))["eu.tco.art3"].due_at == minutes(60)


async def test_another_library_of_holidays_is_another_definition(
    monitor: Monitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pinned clocks keep the dates they were started with, in every process; recompute shows the new ones."""
    calendar = {**SLA["calendars"]["berlin"], "holidays": "DE-BE"}
    sla = {**SLA, "calendars": {"berlin": calendar}}
    old = Monitor.over(monitor.db, tmp_path / "old", sla=sla).at(T0)
    tale = Tale(severity="low").opened()
    await old.hears(tale.told)
    due = (await old.clocks(tale.case_id))["resolve"].due_at
    tuesday = (T0 + timedelta(days=1)).date()
    monkeypatch.setattr(holidays, "dates_of", lambda _code, year: frozenset({tuesday} if year == 2026 else ()))

    new = Monitor.over(monitor.db, tmp_path / "new", sla=sla).at(minutes(1))
    await new.hears(tale.noted(1).told[-1:])
    assert (await new.clocks(tale.case_id))["resolve"].due_at == due

    assert due is not None
    assert dues(await recomputation(new).apply()) == {"resolve": (due, due + timedelta(days=1), (Why.HOLIDAYS,))}


@contextmanager
def zone_data(folder: Path, version: str) -> Iterator[None]:
    """A time zone database of its own in which Berlin keeps the hours of Tokyo (UTC+9)."""
    system = Path(next(path for path in zoneinfo.TZPATH if (Path(path) / "Europe/Berlin").exists()))
    (folder / "Europe").mkdir(parents=True)
    (folder / "Europe/Berlin").write_bytes((system / "Asia/Tokyo").read_bytes())
    (folder / "UTC").write_bytes((system / "UTC").read_bytes())
    (folder / "tzdata.zi").write_text(f"# version {version}\n", encoding="utf-8")
    tzpath = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[str(folder)])
    _forget()
    yield
    zoneinfo.reset_tzpath(to=tzpath)
    _forget()


def _forget() -> None:
    zoneinfo.ZoneInfo.clear_cache()
    tzdata_version.cache_clear()


async def test_new_time_zone_data_moves_business_deadlines_ahead_and_no_regulatory_one(
    monitor: Monitor, tmp_path: Path
) -> None:
    sla = {**SLA, "regulatory": [*SLA["regulatory"], OFFICE_LAW]}
    tale = Tale(severity="low").opened()
    before = Monitor.over(monitor.db, tmp_path / "before", sla=sla).at(T0)
    await before.hears(tale.told)
    was = await before.clocks(tale.case_id)

    with zone_data(tmp_path / "zones", "2099a"):
        updated = Monitor.over(monitor.db, tmp_path / "after", sla=sla).at(minutes(1))
        await recomputation(updated).follow_zone_data()
        clocks = await updated.clocks(tale.case_id)
        await recomputation(updated).follow_zone_data()
        tale.noted(5)
        await updated.hears(tale.told[-1:])
        later = await updated.clocks(tale.case_id)

    # 18:00 there instead of 10:00: all eight hours on Tuesday, from 00:00 UTC on.
    assert clocks["resolve"].due_at == datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert clocks["resolve"].zone_data == "2099a"
    assert clocks["de.office"].due_at == later["de.office"].due_at == was["de.office"].due_at
    assert later["resolve"].due_at == clocks["resolve"].due_at
    assert await updated.told_of(tale.case_id, "resolve") == ["started", "retargeted"]
    assert await updated.told_of(tale.case_id, "de.office") == ["started"]
    assert [action for _, action, _ in await audited(monitor.db)] == ["clock.zone_data"]


async def test_a_deadline_that_has_passed_is_not_moved(monitor: Monitor, tmp_path: Path) -> None:
    tale = Tale(severity="low").opened()
    await monitor.hears(tale.told)
    monitor.at(minutes(3 * 1440))
    await monitor.caught_up()
    while await monitor.sweep():
        pass

    with zone_data(tmp_path / "zones", "2099a"):
        updated = Monitor.over(monitor.db, tmp_path / "after").at(minutes(4 * 1440))
        await recomputation(updated).follow_zone_data()
        tale.resolved(4 * 1440)
        await updated.hears(tale.told[-1:])
        clock = (await updated.clocks(tale.case_id))["resolve"]

    assert (clock.state, clock.due_at) == (ClockState.BREACHED, T0 + timedelta(hours=24))
