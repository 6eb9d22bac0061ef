"""A channel that hangs or fails: it delays no other, keeps what waits for it, and is gone round."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpcore
import pytest

from services.notifier.claiming import FRESH
from services.notifier.lanes import KEPT_FOR_URGENT, NARROW
from shared.contracts.vocabulary import AttemptState
from shared.ids import uuid7
from tests.conftest import OpenDatabase
from tests.integration.notifier.harness import Case, Desk, running
from tests.support.pager import Pager, running_pager
from tests.support.waiting import wait_until

LOW = {"on": "breach", "severities": ["medium"], "policy": "other", "urgency": "low"}


@dataclass
class Held:
    """What a receiver holds back: the first `first` requests hang until `release`."""

    first: int
    entered: int = 0
    at_once: int = 0
    most: int = 0
    release: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, _number: int) -> int:
        with self.lock:
            self.entered += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            hangs = self.entered <= self.first
        if hangs:
            self.release.wait(60)
        with self.lock:
            self.at_once -= 1
        return 200


@pytest.fixture
def other() -> Iterator[Pager]:
    """The receiver behind the channel `other`."""
    with running_pager() as double:
        yield double


@pytest.fixture
def held(other: Pager) -> Iterator[Held]:
    """Makes `other` hang."""
    other.plan = held = Held(first=1000)
    yield held
    held.release.set()


@pytest.fixture
def files(files: dict[str, Any], other: Pager) -> dict[str, Any]:
    """Critical cases page over `other`, high ones over `pager`, medium ones over `other` without urgency."""
    spec = {"id": "other", "kind": "webhook", "url": other.url, "secret": "env:PAGER_SECRET", "allow_private": True}
    files["channels"]["channels"].append(spec)
    step = {"notify": [{"channel": "other"}], "ack_timeout": "PT1H"}
    files["oncall"]["policies"].append({"id": "other", "steps": [step]})
    critical = {"on": "breach", "severities": ["critical"], "policy": "other", "urgency": "high"}
    files["oncall"]["paging"] = [critical, LOW, *files["oncall"]["paging"]]
    return files


def breaches(count: int, severity: str) -> list[Any]:
    return [Case(severity=severity).clock("breached", uuid7()) for _ in range(count)]


async def attempts(desk: Desk, channel: str) -> list[Any]:
    return [a for page in await desk.pages() for a in await desk.attempts(page.page_id) if a.channel == channel]


async def all_sent(desk: Desk, channel: str, count: int) -> bool:
    found = await attempts(desk, channel)
    return len(found) == count and {a.state for a in found} == {AttemptState.SENT}


async def is_shut(desk: Desk, channel: str) -> bool:
    return f'tocsin_channel_circuit_open{{channel="{channel}"}} 1.0' in (await desk.metrics.scrape()).decode()


async def test_a_provider_that_hangs_with_200_pages_delays_no_page_over_another(
    desk: Desk, pager: Pager, held: Held
) -> None:
    await desk.take(*breaches(200, "critical"))
    await wait_until(lambda: held.entered == NARROW, what="the lane is full")

    await desk.take(*breaches(20, "high"))

    await wait_until(lambda: len(pager.taken()) == 20, timeout=20, what="twenty pages over the other channel")
    assert held.most <= NARROW
    states = [a.state for a in await attempts(desk, "other")]
    assert AttemptState.SENT not in states
    assert states.count(AttemptState.PENDING) >= 200 - NARROW * 2


async def test_what_waits_for_a_dead_provider_keeps_its_tries_and_leaves_when_it_is_back(
    desk: Desk, other: Pager
) -> None:
    other.plan = lambda _: 503
    await desk.take(*breaches(50, "critical"))
    await wait_until(lambda: is_shut(desk, "other"), what="the circuit is open")
    await wait_until(lambda: len(other.notifications) > NARROW + 1, what="probes")

    found = await attempts(desk, "other")
    assert sum(a.tries for a in found) <= NARROW * 2
    assert sum(a.tries == 0 for a in found) >= 40

    other.plan = lambda _: 200
    await wait_until(lambda: all_sent(desk, "other", 50), timeout=30, what="everything is sent")
    assert len(other.ids()) == 50
    assert not await is_shut(desk, "other")


async def test_who_waits_for_a_dead_provider_is_called_over_the_next_channel_at_once(
    desk: Desk, pager: Pager, other: Pager
) -> None:
    oncall = desk.config.oncall.model_dump(mode="json")
    rules = [{"channel": "other", "after": "PT0S"}, {"channel": "pager", "after": "PT30M"}]
    oncall["responders"][0]["rules"]["high"] = rules
    desk.use_oncall(oncall)
    other.plan = lambda _: 503

    await desk.take(*breaches(1, "high"))
    await wait_until(lambda: len(pager.taken()) == 1, timeout=20, what="the page over the next channel")
    assert await is_shut(desk, "other")

    await desk.take(*breaches(5, "high"))
    await wait_until(lambda: len(pager.taken()) == 6, timeout=20, what="the next pages over the next channel")

    other.plan = lambda _: 200
    await wait_until(lambda: all_sent(desk, "other", 6), timeout=40, what="the held calls")
    assert (len(pager.notifications), len(pager.ids()), len(other.ids())) == (6, 6, 6)


async def test_an_urgent_page_never_waits_behind_others_in_its_lane(desk: Desk, other: Pager, held: Held) -> None:
    held.first = int(NARROW) - KEPT_FOR_URGENT
    await desk.take(*breaches(40, "medium"))
    await wait_until(lambda: held.at_once == held.first, what="what is not urgent fills what it may")

    await desk.take(*breaches(3, "critical"))

    await wait_until(lambda: len(other.taken()) >= 3, timeout=20, what="the urgent pages")
    assert {notice.page["urgency"] for notice in other.taken()} == {"high"}


async def test_what_is_an_hour_late_is_suppressed_also_while_its_channel_is_shut(desk: Desk, other: Pager) -> None:
    other.plan = lambda _: 503
    await desk.take(*breaches(10, "critical"))
    await wait_until(lambda: is_shut(desk, "other"), what="the circuit is open")

    async with desk.db.connection() as connection:
        await connection.execute("UPDATE attempt SET due_at = due_at - interval '61 minutes' WHERE tries = 0")

    async def suppressed() -> bool:
        untried = [a for a in await attempts(desk, "other") if a.tries == 0]
        return bool(untried) and all(a.state is AttemptState.SUPPRESSED for a in untried)

    await wait_until(suppressed, what="suppressed")


@pytest.fixture
async def connecting(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Event]:
    """Connections are not made until this is set."""
    go = asyncio.Event()
    connect = httpcore.AnyIOBackend.connect_tcp

    async def wait(backend: Any, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        await go.wait()
        return await connect(backend, *args, **options)

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", wait)
    yield go
    go.set()


async def claimed(desk: Desk) -> bool:
    found = await attempts(desk, "pager")
    return [a.state for a in found] == [AttemptState.SENDING]


async def a_look_is_old() -> None:
    looked = time.monotonic()
    await wait_until(lambda: time.monotonic() - looked > FRESH * 1.2, what="the look is no longer fresh")


async def test_acknowledged_at_another_instance_while_one_connects_nothing_leaves(
    desk: Desk,
    database: OpenDatabase,
    tmp_path: Path,
    files: dict[str, Any],
    pager: Pager,
    connecting: asyncio.Event,
) -> None:
    async with running(await database("notifier"), tmp_path / "config", files) as second:
        await desk.take(*breaches(1, "high"))
        await wait_until(lambda: claimed(desk), what="claimed by either")
        await second.acknowledge((await desk.page()).page_id, "ana")
        await a_look_is_old()
        connecting.set()

        async def taken_back() -> bool:
            (first, *_) = await attempts(desk, "pager")
            return first.state is AttemptState.SUPPRESSED and first.error == "the page is acknowledged"

        await wait_until(taken_back, what="taken back")
    assert not [notice for notice in pager.notifications if notice.type == "page.triggered"]


async def test_a_worker_that_stood_still_while_another_took_over_sends_nothing(
    desk: Desk, pager: Pager, connecting: asyncio.Event
) -> None:
    await desk.take(*breaches(1, "high"))
    await wait_until(lambda: claimed(desk), what="claimed")
    async with desk.db.connection() as connection:
        await connection.execute("UPDATE attempt SET tries = tries + 1")
    await a_look_is_old()
    connecting.set()

    async def noted() -> bool:
        async with desk.db.connection() as connection:
            return bool(await connection.fetchval("SELECT count(*) FROM receipt WHERE error LIKE 'another worker%'"))

    await wait_until(noted, what="the end of its try")
    assert pager.notifications == []
